package store

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// freePort is a TCP port that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)
	return port
}

// elsewhere is a backend under another URL.
type elsewhere struct {
	*process
	address string
}

func (e elsewhere) url() string { return e.address }

// everything uses each kind of script and reader once.
func everything(t *testing.T, s *Store) {
	t.Helper()
	trusts(t, s)
	term := led(t, s)
	_, err := s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
	must(t, err)
	_, err = s.Commit(t.Context(), keeping("w1", window("kernel-tue")))
	must(t, err)
	rest := large("k2")
	rest.Filters, rest.Events = rest.Filters[2:], rest.Events[2:]
	_, err = s.Commit(t.Context(), rest)
	must(t, err)
	_, err = s.Seal(t.Context(), term)
	must(t, err)
	keep(t, s)
	must(t, s.Renew(t.Context(), term, time.Minute))
	must(t, s.Publish(t.Context(), term, []byte("{}")))
	must(t, s.Notices("poster").Save(t.Context(), term, loaded(t, s).Position, nil, nil))
	if _, err := s.Tidy(t.Context(), term, -time.Second); err != nil {
		t.Error(err)
	}
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	events := make(chan int, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	position := loaded(t, s).Position
	go func() {
		ended <- s.Follow(ctx, position, func(read []filters.Event) { events <- len(read) })
	}()
	fill(t, s, 1)
	<-events
	cancel()
	<-ended
	must(t, s.Release(t.Context(), term))
	if got := len(loaded(t, s).Filters); got != 1001 {
		t.Errorf("%d filters", got)
	}
}

func TestRedisCluster(t *testing.T) {
	port := freePort(t)
	server := newServer(t, "--port", port, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
	direct := open(t, server)
	must(t, raw(t, direct).Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err())
	for info := ""; !strings.Contains(info, "cluster_state:ok"); {
		info = raw(t, direct).ClusterInfo(within(t, 10)).Val()
	}
	s := open(t, elsewhere{server, "redis+cluster://127.0.0.1:" + port})
	everything(t, s)

	// Every key of a cluster is in one slot, whatever its name is.
	client := raw(t, direct)
	slot := client.ClusterKeySlot(t.Context(), "{prod}").Val()
	for key := range strings.SplitSeq(strings.TrimSpace(strings.Join(client.Keys(t.Context(), "*").Val(), "\n")), "\n") {
		if got := client.ClusterKeySlot(t.Context(), key).Val(); got != slot || !strings.HasPrefix(key, "cordon:{prod}:") {
			t.Errorf("%s is in slot %d, want %d", key, got, slot)
		}
	}
	for _, key := range []string{direct.keys.request("api:x:{other}"), direct.keys.cursor("file")} {
		if got := client.ClusterKeySlot(t.Context(), key).Val(); got != slot {
			t.Errorf("%s is in slot %d, want %d", key, got, slot)
		}
	}
}

func TestSentinel(t *testing.T) {
	port, guard := freePort(t), freePort(t)
	server := newServer(t, "--port", port)
	file := filepath.Join(server.dir, "sentinel.conf")
	must(t, os.WriteFile(file, fmt.Appendf(nil, "port %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n", guard, server.dir, port), 0o600))
	command := exec.Command("redis-server", file, "--sentinel")
	must(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	ctx := within(t, 20)
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+guard)
		if err == nil {
			_ = connection.Close()
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the Sentinel does not answer")
		}
	}
	everything(t, open(t, elsewhere{server, "redis+sentinel://127.0.0.1:" + guard + "?master=main"}))
}

func TestTLSWithAPrivateCAAndAUser(t *testing.T) {
	port := freePort(t)
	dir := t.TempDir()
	certificate, key := selfSigned(t, dir)
	server := newServer(t, "--tls-port", port, "--tls-cert-file", filepath.Join(dir, "cert"), "--tls-key-file", key,
		"--tls-ca-cert-file", filepath.Join(dir, "cert"), "--tls-auth-clients", "no")
	must(t, raw(t, open(t, server)).Do(t.Context(), "ACL", "SETUSER", "cordon", "on", ">sesame", "~cordon:*", "+@all").Err())
	url := "rediss://cordon@127.0.0.1:" + port
	everything(t, open(t, elsewhere{server, url}, func(c *Config) { c.CA, c.Password = certificate, "sesame" }))

	config := Config{URL: url, CA: certificate, Password: "hunter2", Logger: silent}
	_, err := Open(t.Context(), config)
	code(t, err, filters.Unavailable)
	if want := "Redis does not answer: it refuses our user or password"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	config.CA, config.Password = nil, "sesame"
	_, err = Open(t.Context(), config) // signed by nobody that the system knows
	code(t, err, filters.Unavailable)
}

// selfSigned writes a certificate for 127.0.0.1 and its key, and returns the certificate.
func selfSigned(t *testing.T, dir string) (certificate []byte, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	must(t, os.WriteFile(filepath.Join(dir, "cert"), certificate, 0o600))
	keyFile = filepath.Join(dir, "key")
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600))
	return certificate, keyFile
}

func TestServerIsInspected(t *testing.T) {
	cases := []struct {
		name    string
		more    []string
		refused string
		logs    string
	}{
		{name: "durable"},
		{name: "evicts", more: []string{"--maxmemory-policy", "allkeys-lru"}, refused: "Redis may evict keys: its maxmemory-policy is `allkeys-lru`"},
		{name: "syncs each second", more: []string{"--appendfsync", "everysec"}, logs: "redis can lose acknowledged writes"},
		{name: "keeps no file", more: []string{"--appendonly", "no"}, logs: "redis can lose acknowledged writes"},
		{name: "tells nothing", more: []string{"--rename-command", "CONFIG", "", "--rename-command", "INFO", ""}, logs: "not checked"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, test.more...)
			var log bytes.Buffer
			r, err := Open(t.Context(), Config{URL: server.url(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if test.refused != "" {
				if filters.CodeOf(err) != filters.Invalid || !strings.HasPrefix(err.Error(), test.refused) {
					t.Errorf("%v", err)
				}
				return
			}
			must(t, err)
			r.Close()
			if (test.logs == "") != (log.Len() == 0) || !strings.Contains(log.String(), test.logs) {
				t.Errorf("logged %q", log.String())
			}
		})
	}
	t.Run("miniredis", func(t *testing.T) {
		var log bytes.Buffer
		r, err := Open(t.Context(), Config{URL: newMini(t).url(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		r.Close()
		if strings.Count(log.String(), "not checked") != 2 {
			t.Errorf("logged %q", log.String())
		}
	})
}
