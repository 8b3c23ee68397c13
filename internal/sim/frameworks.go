package sim

import (
	"context"
	"net/http"

	"cordon/internal/sim/marathon"
	simmesos "cordon/internal/sim/mesos"
	"cordon/internal/sim/rest"
)

// The frameworks that run beside marathon.
const (
	chronosName = "chronos"
	batchName   = "batch"
)

// demoFrameworks are one that cooperates, one that declines inverse offers, and
// one that ignores them.
func demoFrameworks() []simmesos.FrameworkConfig {
	return []simmesos.FrameworkConfig{
		{Name: "marathon"},
		{Name: chronosName, Role: chronosName, Principal: chronosName, InverseOffers: simmesos.Declines},
		{Name: batchName, Principal: batchName, InverseOffers: simmesos.Ignores},
	}
}

// openFrameworks lets the frameworks that have an API answer on free ports.
func (d *Demo) openFrameworks(ctx context.Context) error {
	d.Marathon = marathon.New(d.Cluster, marathon.Config{Unchecked: []string{"mail"}})
	var err error
	if d.MarathonURL, err = d.answer(ctx, d.Marathon); err == nil {
		d.BatchURL, err = d.answer(ctx, rest.New(d.Cluster, rest.Config{Framework: batchName}))
		d.BatchURL += "/api/v1"
	}
	return err
}

// answer serves a handler on a free port and returns its address.
func (d *Demo) answer(ctx context.Context, handler http.Handler) (string, error) {
	listener, err := listenLoopback(ctx, "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	d.serve(listener, handler)
	return "http://" + listener.Addr().String(), nil
}

// frameworksPort shows the frameworks in the words of the page.
type frameworksPort struct {
	cluster  *simmesos.Cluster
	marathon *marathon.Marathon
}

var inverseAnswers = map[string]simmesos.InverseAnswer{
	"accepts": simmesos.Accepts, "declines": simmesos.Declines, "ignores": simmesos.Ignores,
}

// AnswerInverseOffers is the port's.
func (f frameworksPort) AnswerInverseOffers(framework, word string) error {
	answer, known := inverseAnswers[word]
	if !known {
		return bad("mode: %q is not known; expected accepts, declines or ignores", word)
	}
	return f.cluster.AnswerInverseOffersOf(framework, answer)
}

// SetHealth is the port's.
func (f frameworksPort) SetHealth(app, health string) error {
	return f.marathon.SetHealth(app, marathon.Health(health))
}

// Deploy is the port's.
func (f frameworksPort) Deploy(app string) error { return f.marathon.Lock(app) }

// EndDeployment is the port's.
func (f frameworksPort) EndDeployment(app string) error {
	f.marathon.Unlock(app)
	return nil
}
