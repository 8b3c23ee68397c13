package mesos

import (
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
)

// inverseAnswer is what a framework said of a machine that is to go away.
type inverseAnswer struct {
	at       time.Time
	declined bool
}

// answerInverseOffers is the frameworks' word on machines that will go away and
// run agents, where they have not given one yet.
func (c *Cluster) answerInverseOffers() {
	for _, a := range c.registered {
		c.answerInverseOffer(a.host)
	}
}

// answerInverseOffer asks the first framework about every machine, as it stands
// for whoever wants offers of all agents, and the others about those that run
// tasks of theirs, as the allocator does.
func (c *Cluster) answerInverseOffer(h *host) {
	met := c.machines[h.machine()]
	if met == nil || met.mode != machineDraining {
		return
	}
	for i, f := range c.frameworks {
		_, answered := met.answers[f]
		if answered || f.config.InverseOffers == Ignores || i > 0 && !c.usesMachine(f, met) {
			continue
		}
		if met.answers == nil {
			met.answers = map[*framework]inverseAnswer{}
		}
		met.answers[f] = inverseAnswer{time.Now(), f.config.InverseOffers == Declines}
	}
}

func (c *Cluster) usesMachine(f *framework, met *machine) bool {
	return slices.ContainsFunc(c.registered, func(a *agent) bool {
		return a.host.machine() == keyOf(met.id) && a.usedBy(f) != resources{}
	})
}

// AnswerInverseOffers makes all frameworks accept (as they do at the start) or
// decline the inverse offers of machines that drain, now and from now on.
func (c *Cluster) AnswerInverseOffers(accept bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	word := Declines
	if accept {
		word = Accepts
	}
	for _, f := range c.frameworks {
		c.answerAs(f, word)
	}
}

// AnswerInverseOffersOf is AnswerInverseOffers for one framework, named by its
// name; Ignores takes back what it has answered.
func (c *Cluster) AnswerInverseOffersOf(framework string, word InverseAnswer) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	f, err := c.frameworkNamed(framework)
	if err != nil {
		return err
	}
	c.answerAs(f, word)
	return nil
}

func (c *Cluster) answerAs(f *framework, word InverseAnswer) {
	f.config.InverseOffers = word
	for _, met := range c.machines {
		delete(met.answers, f)
	}
	c.answerInverseOffers()
	c.notify()
}

// inverseStatuses is what the frameworks said of a machine, while agents of it
// are there.
func (c *Cluster) inverseStatuses(met *machine) []allocator.InverseOfferStatus {
	if !slices.ContainsFunc(c.registered, func(a *agent) bool { return a.host.machine() == keyOf(met.id) }) {
		return nil
	}
	var statuses []allocator.InverseOfferStatus
	for _, f := range c.frameworks {
		answer, answered := met.answers[f]
		if !answered {
			continue
		}
		word := allocator.InverseOfferStatus_ACCEPT
		if answer.declined {
			word = allocator.InverseOfferStatus_DECLINE
		}
		statuses = append(statuses, allocator.InverseOfferStatus{
			Status: &word, FrameworkID: mesosapi.FrameworkID{Value: f.id}, Timestamp: *timeInfo(answer.at),
		})
	}
	return statuses
}
