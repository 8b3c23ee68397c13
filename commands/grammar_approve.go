package commands

import "cordon/filters"

type approvalGrammar struct { // approve, deny, withdraw, review
	clusterFlag
	ID []string `arg:"" optional:"" sep:"none" name:"approval-id" help:"The ID of the approval, such as a-5t1z9d3h; it may be left out where only one waits."`
	reasonFlag
	tryFlag
}

func (g *approvalGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.ID, Reason: g.Reason, DryRun: g.DryRun}
}

// deciding are the verbs of approvals.
var deciding = []*verb{
	{
		name: "approvals", group: groupDecide, needs: filters.VerbLook,
		about:    "lists what waits for somebody's yes, and what was done without waiting and is to be reviewed",
		examples: []string{"approvals", "approvals -c prod", "approvals --cluster=prod"},
		grammar:  func() grammar { return &lookGrammar{} },
	},
	{
		name: "approve", group: groupDecide, needs: filters.VerbApprove,
		about:    "says yes to what somebody else asked for; whether one may is decided when it is said",
		examples: []string{"approve a-5t1z9d3h", "approve a-5t1z9d3h -m \"checked with the owners\"", "approve a-5t1z9d3h --dry-run"},
		grammar:  func() grammar { return &approvalGrammar{} },
	},
	{
		name: "deny", group: groupDecide, needs: filters.VerbApprove,
		about:    "says no to what somebody else asked for, with a reason; one no is enough, also by who said yes, as long as it has not begun",
		examples: []string{"deny a-5t1z9d3h -m \"not during the sale\"", "deny a-5t1z9d3h -c prod -m \"wrong rack\"", "deny a-5t1z9d3h --dry-run -m \"wrong rack\""},
		grammar:  func() grammar { return &approvalGrammar{} },
	},
	{
		name: "withdraw", group: groupDecide, needs: filters.VerbLook,
		about:    "takes back what one asked for oneself, before it was approved",
		examples: []string{"withdraw a-5t1z9d3h", "withdraw a-5t1z9d3h -m \"not needed\"", "withdraw a-5t1z9d3h --dry-run"},
		grammar:  func() grammar { return &approvalGrammar{} },
	},
	{
		name: "review", group: groupDecide, needs: filters.VerbApprove,
		about:    "notes that one has looked at what an admin did without waiting (--break-glass)",
		examples: []string{"review a-5t1z9d3h -m \"was right\"", "review a-5t1z9d3h", "review a-5t1z9d3h --dry-run"},
		grammar:  func() grammar { return &approvalGrammar{} },
	},
}
