package sim

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

var token = regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`)

// TestColoursContrast holds the tokens to WCAG 2.2 level AA in both schemes:
// 4.5 for text, 3 for what must be told apart.
func TestColoursContrast(t *testing.T) {
	css, err := pageFiles.ReadFile("page/assets/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := [2]map[string]string{{}, {}}
	for _, match := range token.FindAllSubmatch(css, -1) {
		schemes[0][string(match[1])], schemes[1][string(match[1])] = string(match[2]), string(match[3])
	}
	const text, shape = 4.5, 3
	pairs := []struct {
		over  []string
		under []string
		ratio float64
	}{
		{[]string{"ink", "muted", "accent", "danger"}, []string{"paper", "surface", "sunken"}, text},
		{[]string{"good"}, []string{"surface", "sunken", "good-soft"}, text},
		{[]string{"on-accent"}, []string{"accent"}, text},
		{[]string{"accent"}, []string{"accent-soft"}, text},
		{[]string{"danger"}, []string{"danger-soft"}, text},
		{[]string{"withheld", "ink"}, []string{"withheld-soft", "withheld-stripe", "surface"}, text},
		{[]string{"edge", "focus", "withheld-edge", "accent"}, []string{"paper", "surface", "sunken"}, shape},
		{[]string{"hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5"}, []string{"surface"}, shape},
	}
	for scheme, name := range []string{"light", "dark"} {
		for _, pair := range pairs {
			for _, over := range pair.over {
				for _, under := range pair.under {
					if got := ratio(t, schemes[scheme][over], schemes[scheme][under]); got < pair.ratio {
						t.Errorf("%s: %s on %s has %.2f of %.1f", name, over, under, got, pair.ratio)
					}
				}
			}
		}
	}
}

// ratio is the contrast ratio of two colours as WCAG 2.2 defines it.
func ratio(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) != 7 {
		t.Fatal(fmt.Errorf("a token is missing or has another form: %q", color))
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		channel := float64(part) / 255
		if channel <= 0.04045 {
			channel /= 12.92
		} else {
			channel = math.Pow((channel+0.055)/1.055, 2.4)
		}
		sum += weight * channel
	}
	return sum
}
