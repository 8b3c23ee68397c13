package scheduler

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

const (
	nameExpected = "1 to 63 lower-case letters, digits and hyphens"
	dateExpected = "a day such as `2026-12-31`"
)

var (
	nameForm      = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	attributeForm = regexp.MustCompile(`^[^\s=,]+$`)
)

func isName(text string) bool { return nameForm.MatchString(text) }

func isAttribute(text string) bool { return attributeForm.MatchString(text) }

// parseTarget reads one target; unlike on the command line it stands alone.
func parseTarget(text string) (filters.Target, error) {
	if strings.ContainsAny(text, " \t\n,") || strings.HasPrefix(text, "-") {
		return filters.Target{}, invalid(code(text)+" is not one target", "one hostname, agent ID, glob or `@group` an entry, such as `web-*`; attributes stand under `attributes`")
	}
	return filters.ParseTarget(text)
}

var percentForm = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,6})?$`)

// parseLimit reads a number of agents, at least 1, or a percentage from 1 to 100; nothing is no limit.
func parseLimit(text string) (filters.LimitValue, error) {
	const expected = "a number of agents, at least 1, or a percentage from 1% to 100%, such as `2` or `25%`"
	text = strings.TrimSpace(text)
	if text == "" {
		return filters.LimitValue{}, nil
	}
	if number, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(number, 64)
		if err != nil || !percentForm.MatchString(number) || percent < 1 || percent > 100 {
			return filters.LimitValue{}, invalid(code(text)+" is not a percentage", expected)
		}
		return filters.LimitValue{Percent: percent}, nil
	}
	count, err := strconv.ParseInt(text, 10, 32)
	if err != nil || count < 1 || text[0] == '+' {
		return filters.LimitValue{}, invalid(code(text)+" is not a number of agents", expected)
	}
	return filters.LimitValue{Count: int(count)}, nil
}

// parseZone reads the name of a zone; nothing is UTC.
func parseZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := loadZone(name)
	if err != nil {
		known := invalid(code(name)+" is not a time zone that I know", "a name of the IANA database, such as `Europe/Berlin`, or `UTC`")
		known.Cause = err
		return nil, known
	}
	return zone, nil
}

// parseDay reads a day, as midnight in UTC; nothing is the zero time.
func parseDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, invalid(code(text)+" is not a day that there is", dateExpected)
	}
	return day, nil
}
