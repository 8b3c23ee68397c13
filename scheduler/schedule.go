package scheduler

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// scheduleField is one of the five fields of a cron expression.
type scheduleField struct{ name, values string }

var scheduleFields = [...]scheduleField{
	{"minute", "0 to 59, such as `30` or `*/15`"},
	{"hour", "0 to 23, such as `2` or `22-23`"},
	{"day of month", "1 to 31, such as `1` or `1,15`"},
	{"month", "1 to 12 or jan to dec, such as `12` or `jan,jul`"},
	{"day of week", "0 to 6 or sun to sat, where 0 is Sunday, such as `2` or `mon-fri`"},
}

// fieldForm is what a field may look like: the library takes more, and takes some of it for something else.
var fieldForm = regexp.MustCompile(`^` + fieldPart + `(,` + fieldPart + `)*$`)

const (
	fieldPart       = `([*?]|[0-9a-zA-Z]+(-[0-9a-zA-Z]+)?)(/[0-9]+)?`
	scheduleExample = "five cron fields, minute, hour, day of month, month and day of week, such as `0 2 * * 2` for Tuesdays at 02:00, or one of @hourly, @daily, @weekly, @monthly and @yearly"
)

// parseSchedule reads a cron expression. Errors are Invalid.
func parseSchedule(text string) (*times, error) {
	fields := strings.Fields(text)
	switch {
	case len(fields) == 0:
		return nil, invalid("is missing", scheduleExample)
	case strings.HasPrefix(strings.ToUpper(fields[0]), "TZ="), strings.HasPrefix(strings.ToUpper(fields[0]), "CRON_TZ="):
		return nil, invalid(code(fields[0])+" stands before the schedule", "the zone in a field of its own, such as `time_zone: Europe/Berlin`")
	case strings.HasPrefix(fields[0], "@"):
		return parseNamed(strings.Join(fields, " "))
	case len(fields) != len(scheduleFields):
		return nil, invalid(fmt.Sprintf("%s has %d fields", code(text), len(fields)), scheduleExample)
	}
	for i, field := range fields {
		if err := checkField(i, field); err != nil {
			return nil, err
		}
	}
	return checkPossible(text, strings.Join(fields, " "))
}

// parseNamed reads an expression such as @daily.
func parseNamed(text string) (*times, error) {
	switch word, _, _ := strings.Cut(text, " "); strings.ToLower(word) {
	case "@every":
		return nil, invalid("`@every` counts from whenever the bot was started", scheduleExample+"; every 15 minutes is `*/15 * * * *`")
	case "@reboot":
		return nil, invalid("`@reboot` is no time", scheduleExample)
	}
	read, err := readTimes(text)
	if err != nil {
		return nil, invalid(code(text)+" is not known", scheduleExample)
	}
	return read, nil
}

// checkField checks one field, alone, so that an error can name it.
func checkField(i int, field string) error {
	alone := []string{"*", "*", "*", "*", "*"}
	alone[i] = field
	_, err := readTimes(strings.Join(alone, " "))
	if err == nil && fieldForm.MatchString(field) {
		return nil
	}
	return invalid(code(field)+" is no "+scheduleFields[i].name, scheduleFields[i].values)
}

// checkPossible refuses an expression whose time never comes, such as 30 February.
func checkPossible(text, expression string) (*times, error) {
	read, err := readTimes(expression)
	if err != nil {
		return nil, invalid(code(text)+" is not a schedule", scheduleExample)
	}
	if read.next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, invalid(code(text)+" never comes: "+read.words(), "a day that there is, such as `0 2 28 2 *`")
	}
	return read, nil
}
