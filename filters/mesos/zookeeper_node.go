package mesos

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// nodes returns the names of masters' nodes by number, lowest first.
func nodes(children []string) []string {
	type numbered struct {
		name   string
		number uint64
	}
	var found []numbered
	for _, name := range children {
		digits, ok := strings.CutPrefix(name, "json.info_")
		number, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil {
			found = append(found, numbered{name, number})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	names := make([]string, len(found))
	for i, node := range found {
		names[i] = node.name
	}
	return names
}

// parseNode reads a node's MasterInfo in JSON.
func parseNode(data []byte, scheme string) ([]address, error) {
	var info struct {
		Hostname string `json:"hostname"`
		PID      string `json:"pid"`
		Port     int    `json:"port"`
		Address  struct {
			Hostname string `json:"hostname"`
			IP       string `json:"ip"`
			Port     int    `json:"port"`
		} `json:"address"`
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return nil, err
	}
	ip, pidPort := parsePID([]byte(info.PID))
	port := strconv.Itoa(cmp.Or(info.Address.Port, info.Port, pidPort))
	var found []address
	for _, host := range []string{info.Address.Hostname, info.Hostname, info.Address.IP, string(ip)} {
		at, ok := newAddress(scheme, host, port)
		if ok && !slices.Contains(found, at) {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("it names no host and port")
	}
	return found, nil
}
