package translate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"repro/stages"
)

// translation is a job that is under way, one step at a time.
type translation struct {
	*Stage
	job    *stages.Job
	steps  int
	step   step
	before int // steps before this one

	first int // distinct texts of the first step
	total int // distinct texts of this step

	mu    sync.Mutex
	known map[string]string
}

// all carries out the next step: it returns the translations of texts, in
// order. Space at the ends of a text
// is kept as it is, and a text of space only is its own translation.
func (t *translation) all(ctx context.Context, texts []string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var distinct []string
	seen := make(map[string]bool, len(texts))
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" && !seen[text] {
			seen[text] = true
			distinct = append(distinct, text)
		}
	}
	t.total = len(distinct)
	if t.before == 0 {
		t.first = t.total
	}
	missing := t.recall(distinct)
	t.job.Logf("%s: %d distinct texts, %d of them translated before", t.step.name, len(distinct), len(distinct)-len(missing))
	t.progress()
	if len(missing) > 0 {
		err := t.step.run(ctx, t.job, missing, func(first int, translations []string) {
			t.keep(missing[first:first+len(translations)], translations)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(t.known) != len(distinct) {
		return nil, fmt.Errorf("%s: got translations of %d texts, not of %d", t.step.name, len(t.known), len(distinct))
	}
	all := make([]string, len(texts))
	for i, text := range texts {
		core := strings.TrimSpace(text)
		if core == "" {
			all[i] = text
			continue
		}
		start := strings.Index(text, core)
		all[i] = text[:start] + t.known[core] + text[start+len(core):]
	}
	return all, nil
}

// book names what a memory may reuse: what exactly these tools, fed by this
// version of the stage, have translated.
func (t *translation) book() string {
	hash := sha256.New()
	hash.Write(fmt.Appendf(nil, "%q %q %q\n", t.Spec().Version, t.step.name, t.step.argv))
	for _, name := range slices.Sorted(maps.Keys(t.step.tools)) {
		hash.Write(fmt.Appendf(nil, "%q %q\n", name, t.step.tools[name]))
	}
	label := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.step.name)
	return label + "-" + hex.EncodeToString(hash.Sum(nil)[:16])
}

// recall fills known from the memory and returns the texts that it lacks.
func (t *translation) recall(distinct []string) []string {
	t.known = make(map[string]string, len(distinct))
	if t.options.Memory == nil {
		return distinct
	}
	wanted := make(map[Key]string, len(distinct))
	for _, text := range distinct {
		wanted[KeyOf(text)] = text
	}
	found, err := t.options.Memory.Get(t.book(), slices.Collect(maps.Keys(wanted)))
	if err != nil {
		t.job.Logf("translate everything anew: %v", err)
		return distinct
	}
	for key, translation := range found {
		if text, ok := wanted[key]; ok {
			t.known[text] = translation
		}
	}
	return slices.DeleteFunc(slices.Clone(distinct), func(text string) bool {
		_, ok := t.known[text]
		return ok
	})
}

// keep takes new translations, and remembers them even if the job is stopped
// before the others are there.
func (t *translation) keep(texts, translations []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries := make(map[Key]string, len(texts))
	for i, text := range texts {
		t.known[text] = translations[i]
		entries[KeyOf(text)] = translations[i]
	}
	t.progress()
	if t.options.Memory == nil {
		return
	}
	if err := t.options.Memory.Put(t.book(), entries); err != nil {
		t.job.Logf("these translations are not remembered: %v", err)
	}
}

// progress counts a step like the first one, whatever the number of texts that
// it gets: that of the later ones is not known yet, but never larger.
func (t *translation) progress() {
	if t.total > 0 {
		done := t.before*t.first + len(t.known)*t.first/t.total
		t.job.Progress(int64(done), int64(t.steps*t.first), "texts")
	}
}
