package filters

// Claims are what roles hold of an agent beyond what tasks of the role `*` use.
type Claims struct {
	Shares  []Share  `json:"shares,omitempty"`  // by role
	Volumes []Volume `json:"volumes,omitempty"` // persistent ones, by role and ID
}

// Share is what one role holds of an agent.
type Share struct {
	Role string `json:"role"`
	// Used is what its tasks and executors hold; Idle is reserved for it and held by nobody.
	Used Resources `json:"used,omitzero"`
	Idle Resources `json:"idle,omitzero"`
}

// Volume is a persistent volume: what is on it stays when its task ends, and is lost with the agent.
type Volume struct {
	ID        string  `json:"id"`
	Role      string  `json:"role"`
	Principal string  `json:"principal,omitempty"` // who made it
	SizeMB    float64 `json:"size"`                // in mebibytes
}

// Unheld is what tasks and executors leave of the agent's resources.
func (a *Agent) Unheld() Resources {
	if a.Allocated == nil {
		return a.Resources
	}
	return a.Resources.Sub(*a.Allocated)
}

// Free is what the agent has left for whatever role: neither held nor reserved.
func (a *Agent) Free() Resources {
	free := a.Unheld()
	if a.Claims != nil {
		for i := range a.Claims.Shares {
			free = free.Sub(a.Claims.Shares[i].Idle)
		}
	}
	return free
}
