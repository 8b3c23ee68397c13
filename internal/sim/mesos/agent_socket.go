package mesos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// openAgents opens the agents' sockets. They stay open while an agent's process
// is away; it just does not answer.
func (c *Cluster) openAgents(ctx context.Context) error {
	if !c.config.AgentSockets && !c.config.AgentsListen {
		return nil
	}
	for _, h := range c.hosts {
		handler, err := c.AgentHandler(h.config.Hostname)
		if err != nil {
			return err
		}
		listener, err := c.listenAsAgent(ctx, h)
		if err != nil {
			return fmt.Errorf("agent %s: %w", h.config.Hostname, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second}
		c.mutex.Lock()
		h.address, h.server = listener.Addr().String(), server
		c.mutex.Unlock()
		c.tasks.Go(func() { _ = server.Serve(listener) })
	}
	return nil
}

// listenAsAgent opens a socket, and makes the agent's address that of the socket
// where masters are to tell it.
func (c *Cluster) listenAsAgent(ctx context.Context, h *host) (net.Listener, error) {
	if !c.config.AgentsListen {
		return listenAt(ctx, "127.0.0.1", 0)
	}
	ip := cmp.Or(h.config.IP, "127.0.0.1")
	if !net.ParseIP(ip).IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address such as 127.0.1.1", ip)
	}
	listener, err := listenAt(ctx, ip, h.config.Port)
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		listener, err = listenAt(ctx, "127.0.0.1", h.config.Port)
	}
	if err != nil {
		return nil, err
	}
	at := listener.Addr().(*net.TCPAddr)
	c.mutex.Lock()
	h.config.IP, h.config.Port = at.IP.String(), at.Port
	c.mutex.Unlock()
	return listener, nil
}

func listenAt(ctx context.Context, ip string, port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
}

func (c *Cluster) closeAgents() error {
	var errs []error
	for _, h := range c.hosts {
		if h.server != nil {
			errs = append(errs, h.server.Close())
		}
	}
	return errors.Join(errs...)
}

// AgentURLs are the addresses of the agents' own API by hostname, without a
// path; none unless the configuration lets them listen.
func (c *Cluster) AgentURLs() map[string]string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	urls := map[string]string{}
	for _, h := range c.hosts {
		if h.address != "" {
			urls[h.config.Hostname] = "http://" + h.address
		}
	}
	return urls
}
