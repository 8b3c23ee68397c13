package mesos

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mediaType is one of the two encodings of the v1 API.
type mediaType string

const (
	mediaJSON     mediaType = "application/json"
	mediaProtobuf mediaType = "application/x-protobuf"
)

// contentType is the encoding of a request's body. The header must be exactly
// one of the two: a charset or other letters are refused (recordings
// read-get-agents-charset, extra-content-type-case, err-missing-content-type).
func contentType(r *http.Request) (mediaType, *answer) {
	given, present := r.Header["Content-Type"]
	if !present {
		refused := bad("Expecting 'Content-Type' to be present")
		return "", &refused
	}
	switch media := mediaType(given[0]); media {
	case mediaJSON, mediaProtobuf:
		return media, nil
	}
	refused := text(http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of application/json or application/x-protobuf")
	return "", &refused
}

// acceptedType is the encoding of the answer: JSON where the client takes it,
// else protobuf (recordings extra-accept-*, err-wrong-accept).
func acceptedType(r *http.Request) (mediaType, *answer) {
	for _, media := range []mediaType{mediaJSON, mediaProtobuf} {
		if accepts(r.Header, string(media)) {
			return media, nil
		}
	}
	refused := text(http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
	return "", &refused
}

// accepts reads Accept as libprocess does: no header accepts everything, q=0
// nothing.
func accepts(header http.Header, media string) bool {
	given := header.Values("Accept")
	if len(given) == 0 {
		return true
	}
	kind, _, _ := strings.Cut(media, "/")
	for _, part := range strings.Split(strings.Join(given, ","), ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		name = strings.TrimSpace(name)
		if slices.Contains([]string{media, kind + "/*", "*/*"}, name) && quality(parameters) > 0 {
			return true
		}
	}
	return false
}

func quality(parameters string) float64 {
	for _, parameter := range strings.Split(parameters, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			parsed, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			return parsed
		}
	}
	return 1
}

// encoded is a response's protobuf bytes, given in pieces, in the encoding that
// was asked for.
func encoded(media mediaType, plan *printing, pieces ...[]byte) answer {
	if media == mediaProtobuf {
		return content(string(media), pieces...)
	}
	return content(string(media), appendJSON(nil, plan, slices.Concat(pieces...)))
}
