package mesos

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// fleet is a large cluster's agents, with eight attributes each.
func fleet(size int) []AgentConfig {
	agents := make([]AgentConfig, size)
	for i := range agents {
		attributes := make(map[string]string, 8)
		for n := range 8 {
			attributes[fmt.Sprintf("attribute-%d", n)] = fmt.Sprintf("value-%d", i%(n+7))
		}
		agents[i] = AgentConfig{Hostname: fmt.Sprintf("agent-%05d", i), IP: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), Attributes: attributes}
	}
	return agents
}

// post asks for GET_AGENTS in protobuf and returns the size of the answer.
func post(tb testing.TB, url string) int64 {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url+"/api/v1", strings.NewReader("\x08\x0a"))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("Content-Type", string(mediaProtobuf))
	request.Header.Set("Accept", string(mediaProtobuf))
	request.Close = true
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer reply.Body.Close()
	size, err := io.Copy(io.Discard, reply.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return size
}

func BenchmarkGetAgents(b *testing.B) {
	for _, size := range []int{100, 50_000} {
		b.Run(fmt.Sprintf("agents=%d", size), func(b *testing.B) {
			cluster, err := Start(b.Context(), Config{Agents: fleet(size)})
			if err != nil {
				b.Fatal(err)
			}
			defer cluster.Close()
			for b.Loop() {
				b.SetBytes(post(b, cluster.MasterURLs()[0]))
			}
		})
	}
}

func BenchmarkDeactivate(b *testing.B) {
	cluster, err := Start(b.Context(), Config{Agents: fleet(50_000)})
	if err != nil {
		b.Fatal(err)
	}
	defer cluster.Close()
	agents := cluster.Snapshot().Agents
	call := 0
	for b.Loop() {
		cluster.mutex.Lock()
		reply := cluster.deactivate(agents[call%len(agents)].ID)
		cluster.mutex.Unlock()
		if reply.status != http.StatusOK {
			b.Fatal(reply.status)
		}
		call++
	}
}
