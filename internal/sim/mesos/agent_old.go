package mesos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// flags are the agent's settings (recording agent-old-state), those that the
// cluster's configuration decides filled in.
func (h *host) flags() []flag {
	return []flag{
		{"appc_simple_discovery_uri_prefix", "http://"},
		{"appc_store_dir", "/var/lib/mesos/agent/store/appc"},
		{"attributes", h.attributeFlag()},
		{"authenticate_http_readonly", "false"},
		{"authenticate_http_readwrite", "false"},
		{"authenticatee", "crammd5"},
		{"authentication_backoff_factor", "1secs"},
		{"authentication_timeout_max", "1mins"},
		{"authentication_timeout_min", "5secs"},
		{"authorizer", "local"},
		{"cgroups_cpu_enable_pids_and_tids_count", "false"},
		{"cgroups_destroy_timeout", "1mins"},
		{"cgroups_enable_cfs", "false"},
		{"cgroups_hierarchy", "/sys/fs/cgroup"},
		{"cgroups_limit_swap", "false"},
		{"cgroups_root", "mesos"},
		{"container_disk_watch_interval", "15secs"},
		{"containerizers", "mesos"},
		{"default_role", "*"},
		{"disallow_sharing_agent_ipc_namespace", "false"},
		{"disallow_sharing_agent_pid_namespace", "false"},
		{"disk_watch_interval", "1mins"},
		{"docker", "docker"},
		{"docker_ignore_runtime", "false"},
		{"docker_kill_orphans", "true"},
		{"docker_registry", "https://registry-1.docker.io"},
		{"docker_remove_delay", "6hrs"},
		{"docker_socket", "/var/run/docker.sock"},
		{"docker_stop_timeout", "0ns"},
		{"docker_store_dir", "/var/lib/mesos/agent/store/docker"},
		{"docker_volume_checkpoint_dir", "/var/run/mesos/isolators/docker/volume"},
		{"docker_volume_chown", "false"},
		{"enforce_container_disk_quota", "false"},
		{"executor_registration_timeout", "2mins"},
		{"executor_reregistration_timeout", "2secs"},
		{"executor_shutdown_grace_period", "5secs"},
		{"fetcher_cache_dir", "/var/lib/mesos/agent/store/fetch"},
		{"fetcher_cache_size", "2GB"},
		{"fetcher_stall_timeout", "1mins"},
		{"frameworks_home", ""},
		{"gc_delay", "1weeks"},
		{"gc_disk_headroom", "0.1"},
		{"gc_non_executor_container_sandboxes", "false"},
		{"help", "false"},
		{"hostname", h.config.Hostname},
		{"hostname_lookup", "true"},
		{"http_command_executor", "false"},
		{"http_executor_domain_sockets", "false"},
		{"http_heartbeat_interval", "30secs"},
		{"initialize_driver_logging", "true"},
		{"ip", h.config.IP},
		{"isolation", "posix/cpu,posix/mem"},
		{"launcher", "posix"},
		{"launcher_dir", "/usr/libexec/mesos"},
		{"logbufsecs", "0"},
		{"logging_level", "INFO"},
		{"master", "zk://127.0.0.1:2181/mesos"},
		{"max_completed_executors_per_framework", "150"},
		{"memory_profiling", "false"},
		{"network_cni_metrics", "true"},
		{"network_cni_root_dir_persist", "false"},
		{"oversubscribed_resources_interval", "15secs"},
		{"perf_duration", "10secs"},
		{"perf_interval", "1mins"},
		{"port", itoa(h.config.Port)},
		{"qos_correction_interval_min", "0ns"},
		{"quiet", "false"},
		{"reconfiguration_policy", "equal"},
		{"recover", "reconnect"},
		{"recovery_timeout", "15mins"},
		{"registration_backoff_factor", "200ms"},
		{"resources", h.resourceFlag()},
		{"revocable_cpu_low_priority", "true"},
		{"runtime_dir", "/var/run/mesos"},
		{"sandbox_directory", "/mnt/mesos/sandbox"},
		{"strict", "true"},
		{"switch_user", "true"},
		{"systemd_enable_support", "false"},
		{"systemd_runtime_directory", "/run/systemd/system"},
		{"version", "false"},
		{"work_dir", "/var/lib/mesos/agent"},
		{"zk_session_timeout", "10secs"},
	}
}

func (h *host) attributeFlag() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(h.config.Attributes)) {
		words = append(words, name+":"+h.config.Attributes[name])
	}
	return strings.Join(words, ";")
}

func (h *host) resourceFlag() string {
	amount := func(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
	words := []string{"cpus:" + amount(h.config.CPUs), "mem:" + amount(h.config.MemMB), "disk:" + amount(h.config.DiskMB)}
	if h.config.GPUs > 0 {
		words = append(words, "gpus:"+amount(h.config.GPUs))
	}
	return strings.Join(append(words, fmt.Sprintf("ports:[%d-%d]", firstPort, lastPort)), ";")
}

func (h *host) oldFlags() jsonFields {
	shown := jsonFields{}
	for _, flag := range h.flags() {
		shown = append(shown, jsonField{flag.name, flag.value})
	}
	return shown
}

// oldAgentState is an agent's GET /state.
func (c *Cluster) oldAgentState(h *host) jsonFields {
	a := h.agent
	total, unreserved := oldResources(h.total(), true), oldResourceList(h.resourceList("*"))
	there, past := a.executors()
	used := resources{}
	for _, t := range there {
		used = used.plus(t.executorUse())
	}
	frameworks := jsonList{}
	for _, f := range c.frameworksOf(there, past) {
		frameworks = append(frameworks, f.oldOnAgent(f.of(there), f.of(past)))
	}
	return jsonFields{
		{"version", c.config.Version}, {"build_date", buildDate}, {"build_time", buildTime}, {"build_user", buildUser},
		{"start_time", oldSeconds(h.started)}, {"id", a.id}, {"pid", a.pid()}, {"hostname", h.config.Hostname},
		{"capabilities", h.oldCapabilities()}, {"resources", total}, {"reserved_resources", jsonFields{}}, {"unreserved_resources", total},
		{"reserved_resources_full", jsonFields{}}, {"unreserved_resources_full", unreserved},
		{"reserved_resources_allocated", jsonFields{}}, {"unreserved_resources_allocated", oldResources(used, false)},
		{"resource_providers", jsonList{}}, {"attributes", h.config.oldAttributes()}, {"master_hostname", c.masterHostname()},
		{"flags", h.oldFlags()}, {"frameworks", frameworks}, {"completed_frameworks", jsonList{}},
	}
}

func (c *Cluster) masterHostname() string {
	if c.leader == nil {
		return ""
	}
	return c.leader.hostname()
}

func (f *framework) oldOnAgent(there, past []*task) jsonFields {
	running, completed := jsonList{}, jsonList{}
	for _, t := range there {
		running = append(running, t.oldExecutor())
	}
	for _, t := range past {
		completed = append(completed, t.oldExecutor())
	}
	info := f.info()
	return jsonFields{
		{"id", f.id}, {"name", info.Name}, {"user", info.User}, {"failover_timeout", *info.FailoverTimeout},
		{"checkpoint", *info.Checkpoint}, {"hostname", ""}, {"roles", jsonList{f.config.Role}},
		{"executors", running}, {"completed_executors", completed},
	}
}

// executorUse is what a task's executor uses, with its task while that runs.
func (t *task) executorUse() resources {
	if t.endedAt.IsZero() {
		return executorNeeds.plus(t.app.needs())
	}
	return executorNeeds
}

// oldExecutor is a task's executor in an agent's GET /state.
func (t *task) oldExecutor() jsonFields {
	own := *t
	own.statuses = t.ownStatuses()
	tasks, completed := jsonList{own.old()}, jsonList{}
	if !t.endedAt.IsZero() {
		tasks, completed = completed, tasks
	}
	return jsonFields{
		{"id", t.id}, {"name", t.executorName()}, {"source", t.id}, {"container", t.container},
		{"directory", fmt.Sprintf("/var/lib/mesos/agent/slaves/%s/frameworks/%s/executors/%s/runs/%s", t.agent.id, t.app.framework.id, t.id, t.container)},
		{"resources", oldResources(t.executorUse(), false)}, {"role", t.app.role()},
		{"tasks", tasks}, {"queued_tasks", jsonList{}}, {"completed_tasks", completed},
	}
}
