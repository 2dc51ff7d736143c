package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"repro/cache/disk"
	"repro/reports"
)

// presentName is what the working tree is called on the command line.
const presentName = "."

// runName is how the IDs of runs start: a day, at least.
var runName = regexp.MustCompile(`^\d{8}T[0-9a-f.Z-]*$`)

// side returns one side of a diff: the working tree, a run or a commit.
func (p *project) side(ctx context.Context, t *terminal, f *diffFlags, store *disk.Store, name string, vars, varFiles []string) (*reports.Snapshot, error) {
	if runName.MatchString(name) {
		record, err := p.runByName(name)
		if err != nil {
			return nil, withCode(exitNoDiff, err)
		}
		if len(vars)+len(varFiles)+len(p.flags.vars)+len(p.flags.varFiles) > 0 {
			return nil, withCode(exitUsage, fmt.Errorf("%s is a run, which had variables of its own: leave those out that are given for it", name))
		}
		if len(record.Reports) == 0 {
			return nil, fmt.Errorf("run %s has no reports: either its workflow has none, or an earlier repro recorded it", record.ID)
		}
		found := reports.NewSnapshot("run "+record.ID, record, store)
		lacks, err := lacking(ctx, found)
		if err != nil {
			return nil, err
		}
		if lacks != "" && !f.partial {
			return nil, fmt.Errorf("%s: %s. Compare what there is with: --partial", found.Label, lacks)
		}
		return found, nil
	}
	q := *p
	flags := *p.flags
	flags.vars = slices.Concat(flags.vars, vars)
	flags.varFiles = slices.Concat(flags.varFiles, varFiles)
	q.flags, q.plugins = &flags, nil
	return q.sideOf(ctx, t, f, store, name)
}

func (p *project) sideOf(ctx context.Context, t *terminal, f *diffFlags, store *disk.Store, name string) (*reports.Snapshot, error) {
	var found *reports.Snapshot
	if name == presentName {
		w, err := p.load(ctx, t)
		if err != nil {
			return nil, err
		}
		made, err := p.plan(ctx, t, w, store, nil)
		if err != nil {
			return nil, err
		}
		if found, err = p.snapshot(ctx, made, store); err != nil {
			return nil, err
		}
		found.Label = presentLabel(p.flags)
	} else {
		past, err := p.revision(ctx, t, name)
		if err != nil {
			return nil, err
		}
		if found, err = past.pastSnapshot(ctx, t, store); err != nil {
			return nil, err
		}
		p = past
	}
	lacks, err := lacking(ctx, found)
	switch {
	case err != nil:
		return nil, err
	case len(found.Reports) == 0:
		return nil, fmt.Errorf("%s has no reports to compare", found.Label)
	case lacks == "" || f.partial:
		return found, nil
	case f.run:
		return p.fill(ctx, t, f, found, store)
	}
	way := p.command("run")
	if p.past != nil {
		way = "the same command with --run, which leaves the working tree as it is"
	}
	return nil, fmt.Errorf("%s: %s. Fill them with: %s (or compare what there is: --partial)", found.Label, lacks, way)
}

// lacking says what a side does not have, "" if it has all. Values per query
// that were removed are left out of it.
func lacking(ctx context.Context, s *reports.Snapshot) (string, error) {
	lost, err := s.ForgetLost(ctx)
	if err != nil {
		return "", err
	}
	var parts []string
	if lacks := s.Missing(); lacks > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d stages have no result (%s)", lacks, len(s.Stages), lackText(s)))
	}
	if lost > 0 {
		parts = append(parts, fmt.Sprintf("the values per query of %d stages are not in the cache any more", lost))
	}
	return strings.Join(parts, ", and "), nil
}

// lackText names the blocks whose stages have no result, with a reason.
func lackText(s *reports.Snapshot) string {
	var blocks []string
	count, reason := map[string]int{}, map[string]string{}
	for i := range s.Stages {
		stage := &s.Stages[i]
		if stage.Outputs != nil {
			continue
		}
		block, _, _ := strings.Cut(stage.Addr, "[")
		if count[block] == 0 {
			blocks = append(blocks, block)
		}
		count[block]++
		switch {
		case stage.Error != "":
			reason[block] = ": " + stage.Error
		case !stage.Key.IsZero(): // it is known what it needs
			reason[block] = ": " + stage.Reason
		}
	}
	for i, block := range blocks {
		blocks[i] = fmt.Sprintf("%d of %s%s", count[block], block, reason[block])
	}
	return strings.Join(blocks, ", ")
}

func presentLabel(f *workflowFlags) string {
	label := "working tree"
	if n := len(f.varFiles); n > 0 {
		label += " with " + filepath.Base(f.varFiles[n-1])
	} else if n := len(f.vars); n > 0 {
		label += " with " + f.vars[n-1]
	}
	return label
}
