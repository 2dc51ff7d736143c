package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/stages"
)

// mistake is something wrong that a plugin may be told.
type mistake struct {
	what   string
	params map[string]json.RawMessage
}

// mistakes returns the parameters of w with one thing wrong each time.
func (w *work) mistakes() []mistake {
	list := []mistake{{"the unknown parameter no_such_parameter", w.with(w.prefix+"no_such_parameter", "1")}}
	for _, p := range w.spec.Params {
		if !strings.HasPrefix(p.Name, w.prefix) {
			continue // the stage's own
		}
		missing := maps.Clone(w.params)
		delete(missing, p.Name)
		list = append(list, mistake{"a missing " + w.short(p.Name), missing})
		if value := wrong(p.Type); value != "" {
			list = append(list, mistake{fmt.Sprintf("%s = %s, which is no %s", w.short(p.Name), value, p.Type), w.with(p.Name, value)})
		}
	}
	return list
}

// wrong returns JSON that is no value of an HCL type, or "" if all is.
func wrong(hclType string) string {
	switch outer, _, _ := strings.Cut(hclType, "("); strings.TrimSpace(outer) {
	case "any":
		return ""
	case "number":
		return `"many"`
	case "bool":
		return `"perhaps"`
	default: // a string, or many values
		return "7"
	}
}

// badParams tells the plugin wrong things. It must refuse them, and answer the
// next question all the same.
func (s *suite) badParams(ctx context.Context, w *work) (string, error) {
	const hint = "Decode parameters into a struct with stages.DecodeParams (Go) or look at their type in __init__ (Python), and return an error"
	if err := s.accepts(w); err != nil {
		return "", fmt.Errorf("it refuses good parameters: %w", err)
	}
	list := w.mistakes()
	for _, m := range list {
		asked := processes(s.mark)
		err := s.refusal(ctx, w, m.params)
		if err == nil {
			return "", problemf(hint, "it accepts %s", m.what)
		}
		if strings.Contains(err.Error(), "the plugin panicked") {
			return "", problemf(hint, "it panics on %s: %v", m.what, err)
		}
		if now := processes(s.mark); len(asked) > 0 && !slices.ContainsFunc(asked, func(pid int) bool { return slices.Contains(now, pid) }) {
			line, _, _ := strings.Cut(err.Error(), ". Its last words")
			return "", problemf(hint, "it crashes on %s: %s", m.what, line)
		}
		if err := s.accepts(w); err != nil {
			return "", problemf(hint, "after %s it refuses good parameters: %v", m.what, err)
		}
	}
	return count(len(list), "mistake") + " refused", nil
}

// accepts asks the plugin about the good parameters.
func (s *suite) accepts(w *work) error { return ask(w, w.params) }

func ask(w *work, params map[string]json.RawMessage) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return w.stage.(stages.Checker).Check(raw)
}

// refusal returns what the plugin has against the parameters when it is asked
// or, as a kind may look at them only then, when it runs.
func (s *suite) refusal(ctx context.Context, w *work, params map[string]json.RawMessage) error {
	if err := ask(w, params); err != nil {
		return err
	}
	_, err := s.once(ctx, w, variation{params: params})
	return err
}
