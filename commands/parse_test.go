package commands

import "testing"

func BenchmarkParse(b *testing.B) {
	for name, text := range map[string]string{
		"plain":  "filter agent-one --for 2h -m upgrade",
		"quoted": `filter agent-one --for 2h -m "kernel upgrade"`,
		"until":  `filter agent-one --until 18:00 Europe/Paris -m "kernel upgrade"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("kong", func(b *testing.B) {
		b.ReportAllocs()
		words, _ := words(`filter agent-one --for 2h -m "kernel upgrade"`)
		verb, rest, _ := findVerb(words)
		for b.Loop() {
			settings, rest, _ := verb.arrange(rest)
			if _, err := verb.byKong(settings, rest); err != nil {
				b.Fatal(err)
			}
		}
	})
}
