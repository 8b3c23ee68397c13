package mesos

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// allocatorFilters answers /allocator/filters as the offer-filter allocator
// module does (gettyimages/mesos_offer_filtering_allocator_module; recordings
// getty-*). Its filters are not the master's: they do not show in GET_AGENTS,
// rescind nothing, and are dropped when an agent reconnects.
func (c *Cluster) allocatorFilters(r *request) answer {
	return statusText(http.StatusNotImplemented)
}

var _ = io.EOF
var _ = url.Values{}
var _ = slices.Sort[[]string]
var _ = strings.Join
