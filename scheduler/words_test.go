package scheduler

import "testing"

func TestWords(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]string{
		"0 2 * * 2":          "every Tuesday at 02:00",
		"0 2 * * tue":        "every Tuesday at 02:00",
		"30 2,14 * * *":      "every day at 02:30 and 14:30",
		"0 2 * * mon-fri":    "every Monday to Friday at 02:00",
		"0 2 * * 1,3,5":      "every Monday, Wednesday and Friday at 02:00",
		"0 2 * * 0,6":        "every Sunday and Saturday at 02:00",
		"0 2 * 1,7 *":        "every day in January and July at 02:00",
		"0 2 * 6-9 6":        "every Saturday in June to September at 02:00",
		"0 2 1,15 * *":       "on days 1 and 15 of every month at 02:00",
		"0 2 24 12 *":        "on day 24 of December at 02:00",
		"0 2 29 2 *":         "on day 29 of February at 02:00",
		"0 2 31 * *":         "on day 31 of every month that has one at 02:00",
		"0 2 13 * 5":         "on day 13 of every month and also every Friday at 02:00 (a day of month and a day of week, both given, mean either in cron)",
		"58 2 */10 3 6":      "on days 1, 11, 21 and 31 of March and also every Saturday in March at 02:58 (a day of month and a day of week, both given, mean either in cron)",
		"* * * * *":          "every minute",
		"*/15 * * * *":       "every 15 minutes",
		"0 * * * *":          "every hour",
		"30 * * * *":         "at minute 30 of every hour",
		"5,50 * * * *":       "at minutes 5 and 50 of every hour",
		"5-55/25 * * * *":    "at minutes 5, 30 and 55 of every hour",
		"*/15 9-17 * * 1-5":  "every Monday to Friday, every 15 minutes of hours 9 to 17",
		"30 */2 * * *":       "every 2 hours from 00:30",
		"0 1-23/2 * * 6":     "every Saturday, every 2 hours from 01:00",
		"0 1-10 * * *":       "at minute 0 of hours 1 to 10",
		"*/10 2 * * *":       "every day at 02:00, 02:10, 02:20, 02:30, 02:40 and 02:50",
		"0 2 ? * *":          "every day at 02:00",
		"0 2 */1 * *":        "every day at 02:00",
		"0 2 * * 0-6":        "every day at 02:00",
		"@hourly":            "every hour",
		"@daily":             "every day at 00:00",
		"@weekly":            "every Sunday at 00:00",
		"@monthly":           "on day 1 of every month at 00:00",
		"@yearly":            "on day 1 of January at 00:00",
		" 0  2  *  *  2 ":    "every Tuesday at 02:00",
		"00 02 * * *":        "every day at 02:00",
		"*/50 2 * * *":       "every day at 02:00 and 02:50",
		"0 0,6,12,18 * * *":  "every day at 00:00, 06:00, 12:00 and 18:00",
		"0 0-23/3 28-31 * *": "on days 28 to 31 of every month, every 3 hours from 00:00",
	} {
		read, err := parseSchedule(schedule)
		if err != nil {
			t.Errorf("%q: %v", schedule, err)
		} else if got := read.words(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", schedule, got, want)
		}
	}
}

func TestWindowWords(t *testing.T) {
	t.Parallel()
	for want, definition := range map[string]Definition{
		"every Tuesday at 02:00 in Europe/Berlin, for 2 h":                                  {TimeZone: "Europe/Berlin"},
		"every Tuesday at 02:00 in UTC, for 2 h, from 2026-09-01":                           {StartDate: "2026-09-01"},
		"every Tuesday at 02:00 in UTC, for 2 h, through 2026-12-31":                        {EndDate: "2026-12-31"},
		"every Tuesday at 02:00 in Asia/Tokyo, for 2 h, from 2026-09-01 through 2026-12-31": {TimeZone: "Asia/Tokyo", StartDate: "2026-09-01", EndDate: "2026-12-31"},
	} {
		definition.Schedule, definition.Duration = "0 2 * * 2", "2h"
		if got := compile(t, definition).Words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
