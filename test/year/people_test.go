package year

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"cordon/filters"
	"cordon/scheduler"
	"cordon/test/journal"
)

// hurried is the context of people's requests: nobody waits for a journal that does not move meanwhile.
func hurried() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// tell keeps what somebody was told.
func (w *world) tell(request filters.Request, changed bool, err error) {
	saying := journal.Refused
	switch {
	case err == nil && !changed:
		return
	case err == nil:
		saying = journal.Done
	case filters.CodeOf(err) == filters.Unconfirmed:
		saying = journal.Unsure
	}
	w.told = append(w.told, journal.Told{Request: request.Key, Saying: saying})
}

// person does one thing that people do, at some replica, which may be behind.
func (w *world) person() {
	r := w.replicas[w.random.IntN(len(w.replicas))]
	if w.random.IntN(4) > 0 {
		r.follow()
	}
	switch w.random.IntN(20) {
	case 0, 1, 2:
		r.withhold()
	case 3, 4, 5, 6, 7:
		r.release()
	case 8, 9:
		r.extend()
	case 10:
		r.pause()
	case 11, 12:
		r.skip()
	case 13:
		r.define()
	case 14:
		r.steer()
	default:
		r.answer()
	}
}

func pick[V any](random *rand.Rand, from []V) (picked V, ok bool) {
	if len(from) == 0 {
		return picked, false
	}
	return from[random.IntN(len(from))], true
}

// filters are those that stand, in an order that is the same for the same seed: their IDs are not.
func (r *replica) filters() []filters.Filter {
	all := r.service.Filters()
	slices.SortFunc(all, func(a, b filters.Filter) int { return compare(a.Hostname+string(a.Owner), b.Hostname+string(b.Owner)) })
	return all
}

func (r *replica) withhold() {
	request := r.request("disk")
	for range 1 + r.random.IntN(4) {
		agent := r.fleet.agents[r.random.IntN(len(r.fleet.agents))]
		request.Targets = append(request.Targets, filters.Target{Name: agent.Hostname})
	}
	request.Until = r.store.Now().Add(time.Duration(1+r.random.IntN(600)) * time.Minute)
	result, err := r.service.Filter(hurried(), request)
	r.tell(request, result.Operation != "", err)
}

func (r *replica) release() {
	request := r.request("")
	if filter, ok := pick(r.random, r.filters()); ok {
		result, err := r.service.Release(hurried(), request, []string{filter.ID})
		r.tell(request, result.Operation != "", err)
		r.seen["released by hand"]++
	}
}

func (r *replica) extend() {
	request := r.request("")
	if filter, ok := pick(r.random, r.filters()); ok {
		result, err := r.service.Extend(hurried(), request, []string{filter.ID}, time.Duration(1+r.random.IntN(300))*time.Minute)
		r.tell(request, result.Operation != "", err)
		r.seen["extended by hand"]++
	}
}

func (r *replica) pause() {
	if listing, ok := pick(r.random, r.listings()); ok && listing.State.Paused == nil {
		_, _ = r.desk.Pause(hurried(), r.request("not now"), listing.Window.Name)
	}
	for _, listing := range r.desk.Windows() {
		if listing.State.Paused != nil && r.random.IntN(3) == 0 {
			_, _ = r.desk.Resume(hurried(), r.request(""), listing.Window.Name)
		}
	}
}

// listings are the windows, half of the time only those that are open.
func (r *replica) listings() []scheduler.Listing {
	all := r.desk.Windows()
	open := slices.DeleteFunc(slices.Clone(all), func(l scheduler.Listing) bool { return l.State.Open == nil })
	if r.random.IntN(2) == 0 && len(open) > 0 {
		return open
	}
	return all
}

func (r *replica) skip() {
	if listing, ok := pick(r.random, r.listings()); ok {
		_, _ = r.desk.Skip(hurried(), r.request("no time"), listing.Window.Name)
	}
}

// define makes, changes or removes a window of chat.
func (r *replica) define() {
	name := []string{"chat-1", "chat-2", "chat-3"}[r.random.IntN(3)]
	if r.random.IntN(3) == 0 {
		_, _ = r.desk.Remove(hurried(), r.request(""), name)
		return
	}
	definition := scheduler.Definition{
		Schedule: []string{"0 */4 * * *", "30 */4 * * *", "0 12 * * *"}[r.random.IntN(3)], Duration: []string{"1h", "2h"}[r.random.IntN(2)], Targets: []string{"db-r12-*"},
		MaxUnavailable: "2", Joining: r.random.IntN(2) == 0, Approval: r.random.IntN(4) == 0,
	}
	_, _ = r.desk.Add(hurried(), r.request("tried out"), name, definition)
}

// steer says something about a run.
func (r *replica) steer() {
	for _, run := range r.desk.Runs() {
		if run.State.Phase.Over() {
			continue
		}
		switch r.random.IntN(4) {
		case 0:
			_, _ = r.desk.PauseRun(hurried(), r.request(""), run.State.ID)
		case 1:
			_, _ = r.desk.AbortRun(hurried(), r.request(""), run.State.ID)
		default:
			_, _ = r.desk.ResumeRun(hurried(), r.request(""), run.State.ID)
		}
	}
}

// answer answers what is asked, mostly with yes.
func (r *replica) answer() {
	questions := r.service.Questions()
	slices.SortFunc(questions, func(a, b filters.Question) int { return compare(a.ID, b.ID) })
	for _, question := range questions {
		if r.random.IntN(3) > 0 {
			request := r.request("")
			_, err := r.service.Answer(hurried(), request, question.ID, r.random.IntN(5) > 0)
			r.tell(request, true, err)
		}
	}
	for _, run := range r.desk.Runs() {
		for _, agent := range run.Agents {
			if agent.Phase == scheduler.AgentAsking && r.random.IntN(3) > 0 {
				word := []string{"done", "done", "done", "skip", "failed"}[r.random.IntN(5)]
				_, _ = r.desk.Confirm(hurried(), r.request(""), agent.Key, word)
			}
		}
	}
}

func (r *replica) freeze() {
	request := r.request("sale")
	_, err := r.service.Freeze(hurried(), request)
	r.tell(request, true, err)
}

func (r *replica) thaw() {
	request := r.request("sale is over")
	_, err := r.service.Thaw(hurried(), request)
	r.tell(request, true, err)
}
