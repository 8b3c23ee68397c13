package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cordon/internal/secret"
)

// However a value is printed, alone or in a configuration, it does not show.
func TestSecretsHide(t *testing.T) {
	type config struct{ Secret, Token secret.Value }
	value := secret.Value("s3cret")
	held := config{Secret: value, Token: value}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", value, "config", held)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", value, "config", held)
	encoded, _ := json.Marshal(map[string]any{"secret": value, "config": held})
	shown := log.String() + string(encoded) + value.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%X"} {
		shown += fmt.Sprintf(verb, value) + fmt.Sprintf(verb, held)
	}
	for _, leak := range []string{"s3cret", "733363726574", "115 51 99", "0x73", "czNjcmV0"} {
		if strings.Contains(shown, leak) {
			t.Errorf("%q is shown", leak)
		}
	}
	if value.Reveal() != "s3cret" {
		t.Error("it is not revealed to who needs it")
	}
}
