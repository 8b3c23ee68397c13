package sim

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

// How much one request may ask for.
const (
	maxInstances   = 100
	defaultTrouble = 10 // seconds
	maxTrouble     = 300
)

// appID is Marathon's form of an app's name.
var appID = regexp.MustCompile(`^/?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[a-z0-9]([a-z0-9.-]*[a-z0-9])?)*$`)

type changeRequest struct {
	Do        string `json:"do"`
	App       string `json:"app"`
	Framework string `json:"framework"`
	Instances *int   `json:"instances"`
	Agent     string `json:"agent"`
	Mode      string `json:"mode"`
	Seconds   *int   `json:"seconds"`
	Group     string `json:"group"`
	// Users are who is in the group then.
	Users []string `json:"users"`
}

// cluster answers GET /sim/cluster.
func (p *page) cluster(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, p.view())
}

func (p *page) view() ClusterView {
	view := p.Cluster.Snapshot()
	view.Agents, view.Waiting = slices.Clone(list(view.Agents)), list(view.Waiting)
	for i := range view.Agents {
		view.Agents[i].Tasks = list(view.Agents[i].Tasks)
	}
	return view
}

// change answers POST /sim/cluster.
func (p *page) change(w http.ResponseWriter, r *http.Request) {
	var request changeRequest
	err := decode(w, r, &request)
	if err == nil {
		err = p.apply(request)
	}
	if err != nil {
		fail(w, err)
		return
	}
	p.Logger.InfoContext(r.Context(), "the cluster was changed by hand", "do", request.Do, "app", request.App, "agent", request.Agent)
	answer(w, http.StatusOK, map[string]bool{"ok": true})
}

func (p *page) apply(request changeRequest) error {
	switch request.Do {
	case "launch":
		return p.launch(request)
	case "kill":
		return p.kill(request.App)
	case "restart-agent":
		return p.onAgent(request.Agent, p.Cluster.RestartAgent)
	case "lose-work-dir":
		return p.onAgent(request.Agent, p.Cluster.LoseWorkDir)
	case "partition-agent":
		return p.partition(request)
	case "pend-operation":
		return p.onAgent(request.Agent, p.Agents.PendOperation)
	case "finish-operation":
		return p.onAgent(request.Agent, p.Agents.FinishOperation)
	case "health", "deploy", "inverse-offers":
		return p.framework(request)
	case "failover":
		return p.Cluster.Failover()
	case "hold-offers", "drop-offers":
		p.Cluster.HoldOffers(request.Do == "hold-offers")
		return nil
	case "cut-redis":
		return p.cutRedis(request.Seconds)
	case "slack":
		return p.slack(request)
	case "group":
		return p.Workspace.SetGroup(request.Group, request.Users)
	}
	return bad("do: %q is not known; expected launch, kill, restart-agent, lose-work-dir, partition-agent, pend-operation, finish-operation, failover, "+
		"hold-offers, drop-offers, health, deploy, inverse-offers, cut-redis, slack or group", request.Do)
}

func (p *page) launch(request changeRequest) error {
	if err := checkApp(request.App); err != nil {
		return err
	}
	instances := 1
	if request.Instances != nil {
		instances = *request.Instances
	}
	if instances < 1 || instances > maxInstances {
		return bad("instances: %d is not between 1 and %d", instances, maxInstances)
	}
	if request.Agent != "" {
		if err := p.knownAgent(request.Agent); err != nil {
			return err
		}
	}
	order := Order{App: request.App, Framework: request.Framework, Instances: instances, Agent: request.Agent}
	if request.Seconds != nil { // for how long its tasks go on after they were told to end
		grace, err := troubleLength(request.Seconds)
		if err != nil {
			return err
		}
		order.Grace = grace
	}
	return p.Cluster.Launch(order)
}

// defaultPartition is long enough for the master to give an agent up.
const defaultPartition = 20 // seconds

func (p *page) partition(request changeRequest) error {
	if request.Seconds == nil {
		request.Seconds = new(defaultPartition)
	}
	length, err := troubleLength(request.Seconds)
	if err != nil {
		return err
	}
	return p.onAgent(request.Agent, func(hostname string) error { return p.Agents.PartitionAgent(hostname, length) })
}

// framework changes how a framework or one of marathon's apps behaves.
func (p *page) framework(request changeRequest) error {
	if request.Do == "inverse-offers" {
		return p.Frameworks.AnswerInverseOffers(request.Framework, request.Mode)
	}
	if err := checkApp(request.App); err != nil {
		return err
	}
	if request.Do == "health" {
		return p.Frameworks.SetHealth(request.App, request.Mode)
	}
	switch request.Mode {
	case "start":
		return p.Frameworks.Deploy(request.App)
	case "end":
		return p.Frameworks.EndDeployment(request.App)
	}
	return bad("mode: %q is not known; expected start or end", request.Mode)
}

func (p *page) kill(app string) error {
	if err := checkApp(app); err != nil {
		return err
	}
	return p.Cluster.Kill(app)
}

func checkApp(app string) error {
	if len(app) > 64 || !appID.MatchString(app) {
		return bad("app: %q is not an app's name; expected small letters, digits, dots and hyphens, such as web-1", app)
	}
	return nil
}

func (p *page) onAgent(hostname string, do func(string) error) error {
	if err := p.knownAgent(hostname); err != nil {
		return err
	}
	return do(hostname)
}

func (p *page) knownAgent(hostname string) error {
	known := slices.ContainsFunc(p.Cluster.Snapshot().Agents, func(a Agent) bool { return a.Hostname == hostname })
	if !known {
		return bad("agent: the cluster has no agent %q", hostname)
	}
	return nil
}

func (p *page) cutRedis(seconds *int) error {
	length, err := troubleLength(seconds)
	if err != nil {
		return err
	}
	if p.Redis == nil {
		return bad("do: Redis runs outside of this process, so it cannot be cut from here")
	}
	p.Redis.Cut(length)
	return nil
}

func (p *page) slack(request changeRequest) error {
	length, err := troubleLength(request.Seconds)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"up", "down", "rate-limit"}, request.Mode) {
		return bad("mode: %q is not known; expected up, down or rate-limit", request.Mode)
	}
	return p.Workspace.SetMode(request.Mode, length)
}

func troubleLength(seconds *int) (time.Duration, error) {
	length := defaultTrouble
	if seconds != nil {
		length = *seconds
	}
	if length < 1 || length > maxTrouble {
		return 0, bad("seconds: %d is not between 1 and %d", length, maxTrouble)
	}
	return time.Duration(length) * time.Second, nil
}
