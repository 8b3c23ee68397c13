package mesos

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"cordon/filters"
	simmesos "cordon/internal/sim/mesos"
)

var (
	machineOne  = filters.Machine{Hostname: "agent-one", IP: "127.0.0.11"}
	machineTwo  = filters.Machine{Hostname: "agent-two", IP: "127.0.0.12"}
	machineNine = filters.Machine{Hostname: "agent-nine", IP: "127.0.0.19"} // of which no agent is registered
	night       = filters.Span{Start: time.Unix(0, 1795232801540918528).UTC(), Duration: time.Hour}
)

func scheduleOf(t *testing.T, m *Master) filters.Schedule {
	t.Helper()
	schedule, err := m.Schedule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

func modeOf(t *testing.T, m *Master, machine filters.Machine) filters.MachineMode {
	t.Helper()
	status, err := m.MaintenanceStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return status.Of(machine).Mode
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMaintenanceFromUpToDownAndBack(t *testing.T) {
	cluster := simulate(t, nil)
	m := join(t, cluster, false, nil)
	if schedule := scheduleOf(t, m); len(schedule) != 0 {
		t.Fatalf("a new cluster has a schedule: %v", schedule)
	}
	posted := filters.Schedule{
		{Machines: []filters.Machine{machineOne, machineNine}, Span: night},
		{Machines: []filters.Machine{machineTwo}, Span: filters.Span{Start: night.Start.Add(time.Hour), Endless: true}},
	}
	must(t, m.UpdateSchedule(t.Context(), posted))
	if got := scheduleOf(t, m); !cmp.Equal(got, posted) {
		t.Errorf("what was posted reads as\n%s", cmp.Diff(posted, got))
	}
	if mode := modeOf(t, m, filters.Machine{Hostname: "AGENT-one", IP: "127.0.0.11"}); mode != filters.MachineDraining {
		t.Errorf("scheduled, it is %s", mode)
	}
	must(t, m.StartMaintenance(t.Context(), machineOne))
	if mode := modeOf(t, m, machineOne); mode != filters.MachineDown {
		t.Errorf("started, it is %s", mode)
	}
	err := m.UpdateSchedule(t.Context(), posted[1:])
	if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "is deactivated and cannot be removed from the schedule") {
		t.Errorf("a schedule without a machine that is down: %v", err)
	}
	must(t, m.StopMaintenance(t.Context(), machineOne))
	if _, in := scheduleOf(t, m).Of(machineOne); in || modeOf(t, m, machineOne) != filters.MachineUp {
		t.Error("stopped, it is still in the schedule, or not up")
	}
	for _, call := range cluster.Calls() {
		if strings.Contains(call.Path, "/maintenance") || strings.Contains(call.Path, "/machine") {
			t.Errorf("an older endpoint was asked: %s %s", call.Method, call.Path)
		}
	}
}

func TestMaintenanceRefusals(t *testing.T) {
	m := join(t, simulate(t, nil), false, nil)
	for name, test := range map[string]struct {
		err   error
		words string
	}{
		"down, not scheduled":  {m.StartMaintenance(t.Context(), machineOne), "is not in DRAINING mode and cannot be brought down"},
		"down, never seen":     {m.StartMaintenance(t.Context(), machineNine), "is not part of a maintenance schedule"},
		"up, not down":         {m.StopMaintenance(t.Context(), machineOne), "is not in DOWN mode and cannot be brought up"},
		"a window of nobody":   {m.UpdateSchedule(t.Context(), filters.Schedule{{Span: night}}), "List of machines in the maintenance window is empty"},
		"a negative duration":  {m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{machineOne}, Span: filters.Span{Start: night.Start, Duration: -1}}}), "is negative"},
		"without any name":     {m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{{}}, Span: night}}), "are empty"},
		"an IP that is none":   {m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{{IP: "300.1.2"}}, Span: night}}), "Failed to parse IPv4"},
		"the same one twice":   {m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{machineOne, machineOne}, Span: night}}), "appears more than once"},
		"drain, what is ahead": {drainScheduled(t, m), "is part of a maintenance schedule"},
	} {
		if filters.CodeOf(test.err) != filters.Invalid || !strings.Contains(test.err.Error(), test.words) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
}

func drainScheduled(t *testing.T, m *Master) error {
	must(t, m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{machineTwo}, Span: night}}))
	view, err := m.Read(t.Context())
	must(t, err)
	return m.Drain(t.Context(), named(t, view, "agent-two"), filters.Drain{})
}

func TestFrameworksAnswerToInverseOffers(t *testing.T) {
	cluster := simulate(t, nil)
	must(t, cluster.Launch("web", 1, "agent-one"))
	m := join(t, cluster, true, nil)
	for word, accepts := range map[filters.InverseWord]bool{filters.InverseAccepted: true, filters.InverseDeclined: false} {
		cluster.AnswerInverseOffers(accepts)
		must(t, m.UpdateSchedule(t.Context(), filters.Schedule{{Machines: []filters.Machine{machineOne}, Span: night}}))
		status, err := m.MaintenanceStatus(t.Context())
		must(t, err)
		answers := status.Of(machineOne).Answers
		if len(answers) != 1 || answers[0].Word != word || time.Since(answers[0].Since).Abs() > time.Minute || answers[0].Framework == "" {
			t.Errorf("%s: %+v", word, answers)
		}
	}
}

func TestAFrameworkIsCalledByItsName(t *testing.T) {
	told := newTasks()
	told.named([]byte("id-0000"), []byte("marathon"))
	if named, unknown := told.name("id-0000"), told.name("id-0001"); named != "marathon" || unknown != "id-0001" {
		t.Errorf("they are called %q and %q", named, unknown)
	}
}

// While a master recovers nothing is read from it: the older endpoint would answer {} there, as if nothing were scheduled.
func TestARecoveringMasterHasNoSchedule(t *testing.T) {
	cluster := simulate(t, func(c *simmesos.Config) { c.Masters = []string{"127.0.0.1:0"} })
	m := join(t, cluster, false, nil)
	must(t, cluster.StayRecovering(0))
	for name, err := range map[string]error{
		"schedule": second(m.Schedule(t.Context())), "status": second(m.MaintenanceStatus(t.Context())), "post": m.UpdateSchedule(t.Context(), nil),
		"start": m.StartMaintenance(t.Context(), machineOne), "stop": m.StopMaintenance(t.Context(), machineOne),
	} {
		if filters.CodeOf(err) != filters.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestMaintenanceOfAMasterThatLacksTheCalls(t *testing.T) {
	m := newMaster(t, func(c *Config) { c.Backend = BackendAuto }, ancient(t, new(atomic.Int64)))
	for name, err := range map[string]error{"schedule": second(m.Schedule(t.Context())), "post": m.UpdateSchedule(t.Context(), nil)} {
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "Mesos 1.0 or later") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACutScheduleIsNoEmptySchedule(t *testing.T) {
	kind := master.Response_GET_MAINTENANCE_SCHEDULE
	cut, err := (&master.Response{Type: kind}).Marshal()
	must(t, err)
	m := newMaster(t, nil, play(t, func(r received) *answer {
		if r.call == master.Call_GET_MAINTENANCE_SCHEDULE {
			return &answer{status: http.StatusOK, headers: [][2]string{{"Content-Type", typeProtobuf}}, body: cut}
		}
		return nil
	}))
	if schedule, err := m.Schedule(t.Context()); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("it reads as %v, %v", schedule, err)
	}
}

func TestAMaintenanceCallWhoseAnswerIsLost(t *testing.T) {
	m := newMaster(t, nil, play(t, func(r received) *answer {
		if r.call == master.Call_START_MAINTENANCE {
			panic(http.ErrAbortHandler)
		}
		return nil
	}))
	if err := m.StartMaintenance(context.Background(), machineOne); filters.CodeOf(err) != filters.Unconfirmed {
		t.Errorf("got %v", err)
	}
}
