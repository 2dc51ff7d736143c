package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/engine"
)

func TestPatternReadsWhatAddrPrints(t *testing.T) {
	t.Parallel()
	for _, addr := range []engine.Addr{
		{Kind: "train", Name: "encoder"},
		{Kind: "train", Name: "encoder", Each: []engine.Axis{{"sampler", "x-y"}, {"seed", "0"}}},
		{Kind: "exec", Name: "a", Each: []engine.Axis{{"text", `a "quoted", [odd]=value`}, {"empty", ""}, {"lang", "中文"}}},
	} {
		got, err := engine.ParsePattern(addr.String())
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if diff := cmp.Diff(addr, engine.Addr(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", addr, diff)
		}
		if !got.Match(addr) {
			t.Errorf("%s does not match itself", addr)
		}
	}
}

func TestPatternWithFewerAxesMatchesMore(t *testing.T) {
	t.Parallel()
	addr := engine.Addr{Kind: "train", Name: "encoder", Each: []engine.Axis{{"sampler", "x-y"}, {"seed", "0"}}}
	for pattern, want := range map[string]bool{
		"train.encoder":                true,
		"stage.train.encoder":          true,
		"train.encoder[seed=0]":        true,
		"train.encoder[seed=1]":        false,
		"train.encoder[epoch=0]":       false,
		"train.other":                  false,
		"train.encoder[ sampler=x-y ]": true,
	} {
		p, err := engine.ParsePattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if got := p.Match(addr); got != want {
			t.Errorf("%s matches %s: %v, want %v", pattern, addr, got, want)
		}
	}
}

func TestPatternRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "train", "train.", ".encoder", "train.encoder[seed=0", "train.encoder[seed]", "train.encoder[=0]"} {
		if p, err := engine.ParsePattern(s); err == nil {
			t.Errorf("%q was read as %s", s, p)
		}
	}
}

func TestAPatternThatMatchesNothingIsExplained(t *testing.T) {
	t.Parallel()
	known := []engine.Addr{
		{Kind: "exec", Name: "prepare"},
		{Kind: "train", Name: "encoder", Each: []engine.Axis{{"sampler", "x-y"}, {"seed", "0"}}},
		{Kind: "train", Name: "encoder", Each: []engine.Axis{{"sampler", "hybrid"}, {"seed", "1"}}},
	}
	for pattern, want := range map[string]string{
		"train.encdoer":                        ` Did you mean "train.encoder"?`,
		"exec.perpare[seed=1]":                 ` Did you mean "exec.prepare"?`,
		"trian.encoder":                        ` Did you mean "train.encoder"?`,
		"train.other":                          "", // one kind makes no likeness
		"evaluate.retrieval":                   "",
		"exec.prepare[seed=1]":                 " exec.prepare has no matrix.",
		"train.encoder[sede=1]":                ` train.encoder has the axes sampler, seed, not sede. Did you mean "seed"?`,
		"train.encoder[sampler=hybird]":        ` sampler of train.encoder is one of x-y, hybrid.`,
		"train.encoder[sampler=hybrid,seed=9]": " seed of train.encoder is one of 0, 1.",
		"train.encoder[sampler=hybrid,seed=0]": " There are others of train.encoder, such as train.encoder[sampler=x-y,seed=0].",
	} {
		p, err := engine.ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Hint(known); got != want {
			t.Errorf("%s:%s, want%s", pattern, got, want)
		}
	}
}
