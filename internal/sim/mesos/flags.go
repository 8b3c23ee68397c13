package mesos

import (
	"strconv"
	"time"
)

// flag is a setting of the master's process as it tells it.
type flag struct{ name, value string }

// flags are the master's settings (recording read-get-flags), those that the
// cluster's configuration decides filled in.
func (m *member) flags() []flag {
	config := m.cluster.config
	authenticated := strconv.FormatBool(len(config.Credentials) > 0)
	return []flag{
		{"agent_ping_timeout", duration(config.AgentTimeout / pings)},
		{"agent_reregister_timeout", duration(config.ReregistrationTimeout)},
		{"allocation_interval", duration(config.AllocationInterval)},
		{"allocator", m.allocatorName()},
		{"allocator_agent_recovery_factor", "0.8"},
		{"allocator_recovery_timeout", "10mins"},
		{"authenticate_agents", "false"},
		{"authenticate_frameworks", "false"},
		{"authenticate_http_frameworks", "false"},
		{"authenticate_http_readonly", authenticated},
		{"authenticate_http_readwrite", authenticated},
		{"authentication_v0_timeout", "15secs"},
		{"authenticators", "crammd5"},
		{"authorizers", "local"},
		{"cluster", "testbed"},
		{"filter_gpu_resources", "true"},
		{"framework_sorter", "drf"},
		{"help", "false"},
		{"hostname", m.hostname()},
		{"hostname_lookup", "true"},
		{"http_authenticators", "basic"},
		{"initialize_driver_logging", "true"},
		{"ip", m.ip()},
		{"log_auto_initialize", "true"},
		{"logbufsecs", "0"},
		{"logging_level", "INFO"},
		{"max_agent_ping_timeouts", strconv.Itoa(pings)},
		{"max_completed_frameworks", "50"},
		{"max_completed_tasks_per_framework", strconv.Itoa(maxCompleted)},
		{"max_operator_event_stream_subscribers", "1000"},
		{"max_unreachable_tasks_per_framework", "1000"},
		{"memory_profiling", "false"},
		{"min_allocatable_resources", "cpus:0.01|mem:32"},
		{"offer_constraints_re2_max_mem", "4KB"},
		{"offer_constraints_re2_max_program_size", "100"},
		{"port", strconv.FormatUint(uint64(m.port()), 10)},
		{"publish_per_framework_metrics", "true"},
		{"quiet", "false"},
		{"quorum", "1"},
		{"recovery_agent_removal_limit", "100%"},
		{"registry", "replicated_log"},
		{"registry_fetch_timeout", "1mins"},
		{"registry_gc_interval", "15mins"},
		{"registry_max_agent_age", "2weeks"},
		{"registry_max_agent_count", "102400"},
		{"registry_store_timeout", "20secs"},
		{"registry_strict", "false"},
		{"require_agent_domain", "false"},
		{"role_sorter", "drf"},
		{"root_submissions", "true"},
		{"version", "false"},
		{"webui_dir", "/usr/share/mesos/webui"},
		{"work_dir", "/var/lib/mesos"},
		{"zk", "zk://127.0.0.1:2181/mesos"},
		{"zk_session_timeout", "5secs"},
	}
}

// pings is how many of an agent's pings may fail before it is unreachable.
const pings = 4

func (m *member) allocatorName() string {
	if m.cluster.config.Allocator {
		return "com_gettyimages_OfferFilteringHierarchicalDRFAllocator"
	}
	return "hierarchical"
}

// duration is a duration in the words of Mesos, in the largest unit that leaves
// no fraction.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{
		{7 * 24 * time.Hour, "weeks"}, {24 * time.Hour, "days"}, {time.Hour, "hrs"}, {time.Minute, "mins"},
		{time.Second, "secs"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"},
	} {
		if d != 0 && d%unit.size == 0 {
			return strconv.FormatInt(int64(d/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}
