package oncall

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault is what a site does instead of answering. The zero value is no fault.
type Fault struct {
	Status     int           // answered in place of anything else
	RetryAfter time.Duration // sent with Status
	Location   string        // sent with Status
	Cut        bool          // the body breaks off in its middle
	Body       string        // answered with status 200 in place of the truth
	Hang       bool          // there is no answer until the asker gives up
}

// Site is the part that both services have in common. All its methods may be called at the same time.
type Site struct {
	authorization string

	mutex  sync.Mutex
	fault  Fault
	shifts []Shift
	asked  int
}

// Shift is somebody's time on call.
type Shift struct {
	ID, Name, Email string
	Schedule        string
	Policy          string    // of PagerDuty
	Level           int       // of escalation; 0: 1
	After           int       // minutes until Opsgenie's escalation notifies them
	Team            string    // of Opsgenie: they are on call as a member of it
	Start, End      time.Time // zero: for ever
}

// Set replaces all shifts.
func (s *Site) Set(shifts ...Shift) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.shifts = shifts
}

// Fail makes every answer the fault from now on; the zero Fault mends it.
func (s *Site) Fail(fault Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.fault = fault
}

// Asked counts the requests that came.
func (s *Site) Asked() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.asked
}

// begin counts a request and answers it where a fault, or a wrong token, does. Else it returns the shifts of now, and true.
func (s *Site) begin(w http.ResponseWriter, r *http.Request) ([]Shift, bool) {
	s.mutex.Lock()
	s.asked++
	fault, shifts := s.fault, s.shifts
	s.mutex.Unlock()
	switch {
	case fault.Hang:
		<-r.Context().Done()
	case fault.Status != 0:
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
		}
		if fault.Location != "" {
			w.Header().Set("Location", fault.Location)
		}
		http.Error(w, http.StatusText(fault.Status), fault.Status)
	case fault.Body != "":
		_, _ = w.Write([]byte(fault.Body))
	case r.Header.Get("Authorization") != s.authorization:
		answer(w, http.StatusUnauthorized, map[string]any{"message": "Could not authenticate"}, false)
	default:
		return standing(shifts, time.Now()), true
	}
	return nil, false
}

// standing are the shifts that stand at the moment.
func standing(shifts []Shift, now time.Time) []Shift {
	var on []Shift
	for _, shift := range shifts {
		if !shift.Start.After(now) && (shift.End.IsZero() || shift.End.After(now)) {
			on = append(on, shift)
		}
	}
	return on
}

func (s *Site) cuts() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.fault.Cut
}

// answer writes JSON, or announces it whole and breaks off in its middle.
func answer(w http.ResponseWriter, status int, body any, cut bool) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if cut {
		text = text[:len(text)/2] // net/http closes a connection whose answer is shorter than announced
	}
	_, _ = w.Write(text)
}
