package sim

import (
	simmesos "cordon/internal/sim/mesos"
)

// clusterPort shows a simulated cluster in the words of CONTRACTS.md.
type clusterPort struct{ *simmesos.Cluster }

// Launch starts what is ordered.
func (c clusterPort) Launch(order Order) error {
	return c.LaunchWith(order.App, order.Instances, simmesos.AppOptions{
		Framework: order.Framework, Agent: order.Agent, KillGrace: order.Grace, IgnoreTerm: order.Grace > 0,
	})
}

// PendOperation lets an operation stand on an agent.
func (c clusterPort) PendOperation(hostname string) error {
	_, err := c.Cluster.PendOperation(hostname)
	return err
}

// Snapshot is the cluster as the leading master sees it now.
func (c clusterPort) Snapshot() ClusterView {
	shot := c.Cluster.Snapshot()
	view := ClusterView{}
	if shot.Leader != "" {
		view.Leader = "http://" + shot.Leader
	}
	for _, agent := range shot.Agents {
		shown := Agent{
			ID: agent.ID, Hostname: agent.Hostname, Attributes: agent.Attributes, Active: agent.Active,
			Deactivated: agent.Deactivated, Filtered: agent.Filtered && agent.State == "filtered", Connected: agent.Connected, Offered: agent.Offered, State: agent.State,
			Operations: agent.Operations,
		}
		for _, task := range agent.Tasks {
			shown.Tasks = append(shown.Tasks, Task(task))
		}
		view.Agents = append(view.Agents, shown)
	}
	for _, waiting := range shot.Waiting {
		view.Waiting = append(view.Waiting, Waiting(waiting))
	}
	return view
}
