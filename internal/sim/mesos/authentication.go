package mesos

import (
	"crypto/subtle"
	"net/http"
	"slices"
)

// Realms of the master's endpoints; 401 names them.
const (
	realmReadWrite = "mesos-master-readwrite"
	realmReadOnly  = "mesos-master-readonly"
)

// authenticate checks basic credentials where the cluster has any configured,
// and remembers the principal (recordings auth-*).
func (c *Cluster) authenticate(r *request, realm string) *answer {
	if len(c.config.Credentials) == 0 {
		return nil
	}
	if principal, ok := c.principal(r.Request); ok {
		r.principal = principal
		return nil
	}
	refused := statusText(http.StatusUnauthorized)
	refused.headers = append(refused.headers, [2]string{"WWW-Authenticate", `Basic realm="` + realm + `"`})
	return &refused
}

func (c *Cluster) principal(r *http.Request) (string, bool) {
	principal, secret, ok := r.BasicAuth()
	known, exists := c.config.Credentials[principal]
	matches := subtle.ConstantTimeCompare([]byte(secret), []byte(known)) == 1
	return principal, ok && exists && matches
}

// onlooker says whether the ACLs forbid a principal every change.
func (c *Cluster) onlooker(principal string) bool {
	return principal != "" && slices.Contains(c.config.Onlookers, principal)
}
