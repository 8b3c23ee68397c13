package app

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/filters/mesos"
	"cordon/internal/config"
	"cordon/internal/preview"
)

// PreviewOptions say what is to be foretold.
type PreviewOptions struct {
	Config  string // the file
	Cluster string // may be empty where there is one
	State   string // a file with a saved answer of a master; empty: the state is not known
	// From and To are the first and the last day, such as 2026-12-01, in TimeZone. Empty: today, and the 28th day.
	From, To string
	TimeZone string // whose days are shown; empty: that of the windows if they have one in common, else UTC
	Now      time.Time
}

// PreviewDays is how many days are shown if nobody says, and PreviewMost how many at most.
const (
	PreviewDays = 28
	PreviewMost = 366
)

// Preview foretells what a cluster's windows will do. No secret and no other file of the configuration is needed.
func Preview(options PreviewOptions) (*preview.Preview, error) {
	settings, err := config.LoadWithoutFiles(options.Config)
	if err != nil {
		return nil, err
	}
	if options.Cluster == "" && len(settings.Clusters) > 1 {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "there are several clusters", Expected: "--cluster with one of " + strings.Join(slices.Sorted(maps.Keys(settings.Clusters)), ", ")}
	}
	name, err := onlyCluster(settings, options.Cluster)
	if err != nil {
		return nil, err
	}
	question, err := PreviewQuestion(settings, name)
	if err != nil {
		return nil, err
	}
	question.Made, question.Source = options.Now, filepath.Base(options.Config)
	if options.TimeZone != "" {
		if question.Zone, err = zoneOf(options.TimeZone); err != nil {
			return nil, err
		}
	}
	if options.State != "" {
		question.Source += " and " + filepath.Base(options.State)
		if question.Roster, err = savedRoster(options.State, name); err != nil {
			return nil, err
		}
	}
	if question.From, question.To, err = days(options, preview.ZoneOf(question)); err != nil {
		return nil, err
	}
	return preview.Look(question)
}

// PreviewQuestion is what the configuration says of the cluster's windows; times and state are still to be asked.
func PreviewQuestion(settings config.Config, name string) (preview.Question, error) {
	cluster := settings.Clusters[name]
	limits, err := limitsOf(cluster.MaxWithheld)
	if err != nil {
		return preview.Question{}, err
	}
	windows, freezes := cluster.Compile()
	return preview.Question{Cluster: name, Windows: windows, Freezes: freezes, Groups: groupsOf(cluster.Groups), Limits: limits}, nil
}

func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "`" + name + "` is not a time zone", Expected: "a name such as Europe/Berlin or UTC"}
	}
	return zone, nil
}

func savedRoster(file, cluster string) (*filters.Roster, error) {
	saved, err := os.Open(file)
	if err != nil {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "the saved state cannot be read: " + err.Error()}
	}
	defer saved.Close()
	view, err := mesos.ReadSaved(saved)
	if err != nil {
		return nil, err
	}
	view.Cluster = cluster
	return filters.NewRoster(view), nil
}

// days returns the first moment of the first day and the one after the last day.
func days(options PreviewOptions, zone *time.Location) (from, to time.Time, err error) {
	year, month, day := options.Now.In(zone).Date()
	from = time.Date(year, month, day, 0, 0, 0, 0, zone)
	if options.From != "" {
		if from, err = dayOf("--from", options.From, zone); err != nil {
			return from, to, err
		}
	}
	to = from.AddDate(0, 0, PreviewDays-1)
	if options.To != "" {
		if to, err = dayOf("--to", options.To, zone); err != nil {
			return from, to, err
		}
	}
	to = to.AddDate(0, 0, 1)
	if from.AddDate(0, 0, PreviewMost).Before(to) {
		return from, to, &filters.Error{Code: filters.Invalid, Wrong: "the range is longer than a year", Expected: "366 days at most"}
	}
	return from, to, nil
}

func dayOf(flag, text string, zone *time.Location) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return day, &filters.Error{Code: filters.Invalid, Wrong: "`" + flag + " " + text + "` is not a day", Expected: "a day such as 2026-12-01"}
	}
	return day, nil
}
