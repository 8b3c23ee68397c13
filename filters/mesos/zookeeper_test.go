package mesos

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	gocmp "github.com/google/go-cmp/cmp"

	"cordon/filters"
)

// zooJar is where Debian's package zookeeper has its classes; ZOOKEEPER_CLASSPATH names another place.
const zooJar = "/usr/share/java/zookeeper.jar"

// zoo is a real ZooKeeper server in a process of its own.
type zoo struct {
	address string
	config  string
	classes string
	process *exec.Cmd
}

// startZooKeeper starts one; without ZooKeeper the test does not run, which CI takes for a failure.
func startZooKeeper(t *testing.T) *zoo {
	t.Helper()
	server := &zoo{classes: cmp.Or(os.Getenv("ZOOKEEPER_CLASSPATH"), zooJar)}
	_, noClasses := os.Stat(server.classes)
	_, noJava := exec.LookPath("java")
	if noJava != nil || (noClasses != nil && os.Getenv("ZOOKEEPER_CLASSPATH") == "") {
		const why = "NOT RUN: ZooKeeper is not installed (Debian: zookeeper)"
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		fmt.Println(why)
		t.Skip(why)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.address = free.Addr().String()
	_ = free.Close()
	_, port, _ := net.SplitHostPort(server.address)
	directory := t.TempDir()
	server.config = filepath.Join(directory, "zoo.cfg")
	text := fmt.Sprintf("tickTime=200\ndataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nskipACL=no\n", filepath.Join(directory, "data"), port)
	if err := os.WriteFile(server.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server.start(t)
	t.Cleanup(server.stop)
	return server
}

func (z *zoo) start(t *testing.T) {
	t.Helper()
	z.process = exec.Command("java", "-Xmx64m", "-Djava.awt.headless=true", "-cp", z.classes, "org.apache.zookeeper.server.quorum.QuorumPeerMain", z.config)
	if err := z.process.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if z.serves() {
			return
		}
		sleep(ctx, 20*time.Millisecond)
	}
	t.Fatal("ZooKeeper did not start within 30 s")
}

// serves asks with a four-letter word: the port is open before the server serves.
func (z *zoo) serves() bool {
	connection, err := net.Dial("tcp", z.address)
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(time.Second)) // one accepted too early gets no answer
	if _, err := io.WriteString(connection, "srvr"); err != nil {
		return false
	}
	said, _ := io.ReadAll(connection)
	return strings.HasPrefix(string(said), "Zookeeper version")
}

func (z *zoo) stop() {
	_ = z.process.Process.Kill()
	_ = z.process.Wait()
}

// connect returns a client of the test's own.
func (z *zoo) connect(t *testing.T) *zk.Conn {
	t.Helper()
	connection, _, err := zk.Connect([]string{z.address}, 5*time.Second, zk.WithLogger(quiet{slog.New(slog.DiscardHandler)}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	return connection
}

// register adds a master's node as Mesos does (read-get-master.json shows the same message) and returns its path.
func register(t *testing.T, connection *zk.Conn, path string, at address, acl []zk.ACL) string {
	t.Helper()
	info := fmt.Sprintf(`{"address":{"hostname":%q,"ip":"127.0.0.1","port":%s},"hostname":%q,"id":"x","ip":16777343,"pid":"master@127.0.0.1:%s","port":%s,"version":"1.12.0"}`,
		at.host, at.port, at.host, at.port, at.port)
	node, err := connection.Create(path+"/json.info_", []byte(info), zk.FlagEphemeral|zk.FlagSequence, acl)
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func mkdir(t *testing.T, connection *zk.Conn, path string, acl []zk.ACL) {
	t.Helper()
	if _, err := connection.Create(path, nil, 0, acl); err != nil {
		t.Fatal(err)
	}
}

func runs(t *testing.T, m *Master) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.caller.finder.run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
}

func TestZooKeeperNamesTheLeader(t *testing.T) {
	server := startZooKeeper(t)
	connection := server.connect(t)
	world := zk.WorldACL(zk.PermAll)
	one := play(t, afterIntroduction(&answer{status: 200}))
	two := play(t, afterIntroduction(&answer{status: 200}))

	t.Run("the lowest node leads, and its successor after it", func(t *testing.T) {
		mkdir(t, connection, "/mesos", world)
		mkdir(t, connection, "/mesos/log_replicas", world)
		first := register(t, connection, "/mesos", one.address(t), world)
		register(t, connection, "/mesos", two.address(t), world)
		m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://" + server.address + "/mesos"} })
		runs(t, m)
		if err := m.Take(t.Context(), agentOne); err != nil {
			t.Fatal(err)
		}
		if len(one.asked()) != 1 || len(two.asked()) != 0 {
			t.Fatalf("the leader was asked %d times, the other %d times", len(one.asked()), len(two.asked()))
		}
		if err := connection.Delete(first, -1); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the other leads", func() bool {
			if err := m.Take(t.Context(), agentOne); err != nil {
				t.Fatal(err)
			}
			leader, failovers := m.Epoch()
			return leader == two.address(t).String() && failovers == 1
		})
	})

	t.Run("a redirect leads to registered masters only", func(t *testing.T) {
		stranger := play(t, afterIntroduction(&answer{status: 200}))
		standby := play(t, always(pointing(t, "nonleader-deactivate-agent", "//"+stranger.Listener.Addr().String())))
		mkdir(t, connection, "/strange", world)
		register(t, connection, "/strange", standby.address(t), world)
		m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://" + server.address + "/strange"} })
		runs(t, m)
		checkCode(t, m.Take(t.Context(), agentOne), filters.Unavailable, "says that")
		if len(stranger.asked()) > 0 {
			t.Error("the stranger was asked")
		}
		register(t, connection, "/strange", stranger.address(t), world)
		eventually(t, "the stranger is one no more", func() bool { return m.Take(t.Context(), agentOne) == nil })
	})

	t.Run("no master is registered", func(t *testing.T) {
		mkdir(t, connection, "/empty", world)
		m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://" + server.address + "/empty"} })
		runs(t, m)
		checkCode(t, m.Take(t.Context(), agentOne), filters.Unavailable, "no master of *prod* is registered in ZooKeeper under /empty")
	})

	t.Run("with a user and password", func(t *testing.T) {
		owner := server.connect(t)
		if err := owner.AddAuth("digest", []byte("cordon:s3cret")); err != nil {
			t.Fatal(err)
		}
		acl := zk.DigestACL(zk.PermAll, "cordon", "s3cret")
		mkdir(t, owner, "/locked", acl)
		register(t, owner, "/locked", one.address(t), acl)
		m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://cordon:s3cret@" + server.address + "/locked"} })
		runs(t, m)
		if err := m.Take(t.Context(), agentOne); err != nil {
			t.Fatal(err)
		}
		m = newMaster(t, func(c *Config) { c.Masters = []string{"zk://cordon:wr0ng@" + server.address + "/locked"} })
		runs(t, m)
		err := m.Take(t.Context(), agentOne)
		checkCode(t, err, filters.Unavailable, "ZooKeeper")
		if strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("the error shows the password: %v", err)
		}
	})

	t.Run("what it named stays good while it is away", func(t *testing.T) {
		m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://" + server.address + "/mesos"} })
		runs(t, m)
		if err := m.Take(t.Context(), agentOne); err != nil {
			t.Fatal(err)
		}
		server.stop()
		eventually(t, "its absence is told", func() bool { return strings.Contains(m.Condition().Trouble, "ZooKeeper does not answer") })
		if err := m.Take(t.Context(), agentOne); err != nil {
			t.Errorf("without ZooKeeper: %v", err)
		}
		server.start(t)
		eventuallyIn(t, 20*time.Second, "all is well again", func() bool { return m.Condition().Trouble == "" })
	})
}

func TestZooKeeperAway(t *testing.T) {
	m := newMaster(t, func(c *Config) { c.Masters = []string{"zk://127.0.0.1:1/mesos"} })
	runs(t, m)
	checkCode(t, m.Take(t.Context(), agentOne), filters.Unavailable, "ZooKeeper of *prod* does not answer")
}

func TestNodesByNumber(t *testing.T) {
	got := nodes([]string{"log_replicas", "json.info_0000000012", "info_0000000001", "json.info_0000000003", "json.info_", "json.info_x", "json.info_10000000000"})
	want := []string{"json.info_0000000003", "json.info_0000000012", "json.info_10000000000"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzNode(f *testing.F) {
	f.Add([]byte(`{"address":{"hostname":"master-one","ip":"127.0.0.1","port":5050},"hostname":"master-one","pid":"master@127.0.0.1:5050","port":5050}`))
	f.Add([]byte(`{"hostname":"a@b","pid":"master@[::1]:5050"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parseNode(data, "http")
		if err == nil && len(found) == 0 {
			t.Error("neither an address nor an error")
		}
		for _, at := range found {
			if again, err := parseMaster(at.URL()); err != nil || again != at {
				t.Errorf("%#v is no address: %v", at, err)
			}
		}
	})
}
