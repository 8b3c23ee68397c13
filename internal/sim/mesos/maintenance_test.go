package mesos

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// windowOf is a schedule's window of machines in JSON, an hour long from the year 2026 on.
func windowOf(machines ...string) string {
	return `{"machine_ids":[` + strings.Join(machines, ",") + `],"unavailability":{"start":{"nanoseconds":1795232801540918528},"duration":{"nanoseconds":3600000000000}}}`
}

const (
	machineOne = `{"hostname":"agent-one","ip":"127.0.0.11"}`
	machineTwo = `{"hostname":"agent-two","ip":"127.0.0.12"}`
)

// schedule posts a schedule of windows by the v1 API.
func schedule(windows ...string) string {
	return `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[` + strings.Join(windows, ",") + `]}}}`
}

func startMaintenance(machines ...string) string {
	return `{"type":"START_MAINTENANCE","start_maintenance":{"machines":[` + strings.Join(machines, ",") + `]}}`
}

func stopMaintenance(machines ...string) string {
	return `{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[` + strings.Join(machines, ",") + `]}}`
}

// The v1 calls and the older endpoints refuse the same lists with the same words; only what fails before a list is
// there differs.
func TestRefusedMachines(t *testing.T) {
	tests := map[string]struct{ machines, text string }{
		"none":             {``, "List of machines is empty"},
		"no name":          {`{}`, "Both 'hostname' and 'ip' for a machine are empty"},
		"empty names":      {`{"hostname":"","ip":""}`, "Both 'hostname' and 'ip' for a machine are empty"},
		"no address":       {`{"ip":"agent-one"}`, "Failed to parse IPv4: agent-one"},
		"short address":    {`{"ip":"127.0.0"}`, "Failed to parse IPv4: 127.0.0"},
		"IPv6":             {`{"ip":"::1"}`, "Failed to parse IPv4: ::1"},
		"twice":            {machineOne + "," + machineOne, "Machine '" + machineOne + "' appears more than once in the schedule"},
		"in other letters": {`{"hostname":"a"},{"hostname":"A"}`, `Machine '{"hostname":"A"}' appears more than once in the schedule`},
		"unknown":          {`{"hostname":"agent-one"}`, `Machine '{"hostname":"agent-one"}' is not part of a maintenance schedule`},
		"not draining":     {machineOne, "Machine '" + machineOne + "' is not in %s mode and cannot be brought %s"},
	}
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for name, test := range tests {
			for _, way := range [][]string{{"DRAINING", "down"}, {"DOWN", "up"}} {
				text := test.text
				if strings.Contains(text, "%s") {
					text = fmt.Sprintf(text, way[0], way[1])
				}
				v1 := startMaintenance(test.machines)
				if way[1] == "up" {
					v1 = stopMaintenance(test.machines)
				}
				t.Logf("%s, to bring them %s", name, way[1])
				mustRefuse(t, call(cluster, v1), http.StatusBadRequest, text)
				mustRefuse(t, send(cluster, 0, http.MethodPost, "/machine/"+way[1], "["+test.machines+"]"), http.StatusBadRequest, text)
			}
		}
	})
}

func TestRefusedSchedules(t *testing.T) {
	tests := map[string]struct{ windows, text string }{
		"no machines":     {windowOf(), "List of machines in the maintenance window is empty"},
		"no list at all":  {`{"unavailability":{"start":{"nanoseconds":1}}}`, "List of machines in the maintenance window is empty"},
		"negative length": {`{"machine_ids":[` + machineOne + `],"unavailability":{"start":{"nanoseconds":1},"duration":{"nanoseconds":-1}}}`, "Unavailability 'duration' is negative"},
		"in two windows":  {windowOf(machineOne) + "," + windowOf(machineOne), "Machine '" + machineOne + "' appears more than once in the schedule"},
	}
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		for name, test := range tests {
			t.Log(name)
			mustRefuse(t, call(cluster, schedule(test.windows)), http.StatusBadRequest, test.text)
			old := send(cluster, 0, http.MethodPost, "/maintenance/schedule", `{"windows":[`+test.windows+`]}`)
			mustRefuse(t, old, http.StatusBadRequest, test.text)
		}
	})
}

func TestMaintenanceTakesAnAgentAwayAndGivesItBack(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "app", AppOptions{Agent: "agent-one", Once: true})
		id := agentNamed(cluster.Snapshot(), "agent-one").ID
		mustAccept(t, call(cluster, schedule(windowOf(machineOne), windowOf(machineTwo))))
		mustRefuse(t, agentCall(cluster, "DRAIN_AGENT", "agent-one"), http.StatusBadRequest,
			"Agent "+id+" is part of a maintenance schedule under Machine agent-one (127.0.0.11)")
		mustAccept(t, call(cluster, startMaintenance(machineOne)))
		if listed := listedAgent(t, cluster, "agent-one"); listed == nil || !listed.Active {
			t.Errorf("right after START_MAINTENANCE: %+v", listed)
		}
		pass(time.Second)
		if got := state(cluster, "agent-one"); got != "down" {
			t.Errorf("a second later: %s", got)
		}
		mustRefuse(t, call(cluster, schedule(windowOf(machineTwo))), http.StatusBadRequest,
			"Machine '"+machineOne+"' is deactivated and cannot be removed from the schedule")
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if got := state(cluster, "agent-one"); got != "down" {
			t.Errorf("started while its machine is down: %s", got)
		}
		mustAccept(t, call(cluster, stopMaintenance(machineOne)))
		if err := cluster.StartAgent("agent-one"); err != nil {
			t.Fatal(err)
		}
		if back := agentNamed(cluster.Snapshot(), "agent-one"); !back.Active || back.ID != id {
			t.Errorf("after STOP_MAINTENANCE: %+v", back)
		}
	})
}

// With a hostname alone everything is accepted and nothing happens to the agent.
func TestMachineWithoutItsAddressIsAnotherMachine(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		mustAccept(t, call(cluster, schedule(windowOf(`{"hostname":"agent-one"}`))))
		mustAccept(t, call(cluster, startMaintenance(`{"hostname":"AGENT-ONE"}`)))
		pass(time.Second)
		if got := state(cluster, "agent-one"); got != "active" {
			t.Errorf("the agent is %s", got)
		}
	})
}

// A machine that leaves the schedule is up, and still known, until the master fails over.
func TestMachinesAreRememberedByTheLeaderOnly(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		const stranger = `{"hostname":"stranger"}`
		mustAccept(t, call(cluster, schedule(windowOf(stranger), windowOf(machineTwo))))
		mustAccept(t, call(cluster, schedule(windowOf(machineTwo))))
		mustRefuse(t, call(cluster, startMaintenance(stranger)), http.StatusBadRequest,
			"Machine '"+stranger+"' is not in DRAINING mode and cannot be brought down")
		if err := cluster.Failover(); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		mustRefuse(t, call(cluster, startMaintenance(stranger)), http.StatusBadRequest,
			"Machine '"+stranger+"' is not part of a maintenance schedule")
		mustAccept(t, call(cluster, startMaintenance(machineTwo)))
	})
}

func TestInverseOffersAreAnswered(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		mustAccept(t, call(cluster, schedule(windowOf(machineOne, `{"hostname":"stranger"}`))))
		words := func() []string {
			status := cluster.statusMessage()
			var said []string
			for _, machine := range status.DrainingMachines {
				for _, word := range machine.Statuses {
					said = append(said, machine.ID.GetHostname()+" "+word.Status.String())
				}
			}
			return said
		}
		if diff := cmp.Diff([]string{"agent-one ACCEPT"}, words()); diff != "" {
			t.Error(diff)
		}
		cluster.AnswerInverseOffers(false)
		if diff := cmp.Diff([]string{"agent-one DECLINE"}, words()); diff != "" {
			t.Error(diff)
		}
	})
}

// Rights are asked after the machines were found to be right, and not for an empty schedule.
func TestOnlookersMayNotMaintain(t *testing.T) {
	config := Config{Agents: threeAgents(), Credentials: map[string]string{"eve": "eve"}, Onlookers: []string{"eve"}}
	inBubble(t, config, func(t *testing.T, cluster *Cluster) {
		as := func(path, body string) (int, string) {
			reply := send(cluster, 0, http.MethodPost, path, body, "Content-Type", "application/json", "Authorization", "Basic ZXZlOmV2ZQ==")
			return reply.Code, reply.Body.String()
		}
		tests := map[string]struct {
			path, body, text string
			status           int
		}{
			"a schedule":           {"/api/v1", schedule(windowOf(machineOne)), "403 Forbidden.", 403},
			"a schedule, old":      {"/maintenance/schedule", `{"windows":[` + windowOf(machineOne) + `]}`, "403 Forbidden.", 403},
			"an empty schedule":    {"/api/v1", schedule(), "", 200},
			"a wrong schedule":     {"/api/v1", schedule(windowOf()), "List of machines in the maintenance window is empty", 400},
			"a machine not in it":  {"/machine/down", "[" + machineOne + "]", "Machine '" + machineOne + "' is not in DRAINING mode and cannot be brought down", 400},
			"draining, unknown":    {"/api/v1", agentCallBody("DRAIN_AGENT", "x", ""), "403 Forbidden.", 403},
			"reactivating unknown": {"/api/v1", agentCallBody("REACTIVATE_AGENT", "x", ""), "403 Forbidden.", 403},
		}
		for name, test := range tests {
			if status, text := as(test.path, test.body); status != test.status || text != test.text {
				t.Errorf("%s: got %d %q, want %d %q", name, status, text, test.status, test.text)
			}
		}
	})
}

// Whatever schedules are posted, machines that are down stay in the schedule, and those that
// leave it are not draining.
func TestScheduleAndModesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cluster := newCluster(Config{}.withDefaults())
		cluster.frameworks = newFrameworks(cluster)
		names := []string{`{"hostname":"a"}`, `{"hostname":"b"}`, `{"hostname":"c"}`}
		t.Repeat(map[string]func(*rapid.T){
			"schedule": func(t *rapid.T) {
				chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string]).Draw(t, "machines")
				var windows []string
				for _, name := range chosen {
					windows = append(windows, windowOf(name))
				}
				do(t, cluster, schedule(windows...))
			},
			"down": func(t *rapid.T) { do(t, cluster, startMaintenance(rapid.SampledFrom(names).Draw(t, "machine"))) },
			"up":   func(t *rapid.T) { do(t, cluster, stopMaintenance(rapid.SampledFrom(names).Draw(t, "machine"))) },
			"": func(t *rapid.T) {
				scheduled := map[machineID]bool{}
				for _, window := range cluster.schedule.Windows {
					for _, id := range window.MachineIDs {
						scheduled[keyOf(id)] = true
					}
				}
				for id, met := range cluster.machines {
					if scheduled[id] != (met.mode != machineUp) {
						t.Fatalf("%s is in mode %d, in the schedule: %v", id, met.mode, scheduled[id])
					}
				}
			},
		})
	})
}

// do makes a maintenance call; whether it is refused is not the question.
func do(t *rapid.T, cluster *Cluster, body string) {
	made, err := decodeCall(mediaJSON, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	cluster.maintenanceWrite("", made)()
}
