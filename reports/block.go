package reports

import (
	"strings"
	"time"

	"repro/cache/runs"
)

// Block is a stage block of the workflow with what became of its instances.
type Block struct {
	Name   string // "train.encoder"
	Stages []*runs.Stage
	Counts map[runs.State]int
	Took   time.Duration // to make the results, whenever that was; of all instances together
}

// BlockName returns the block that the address of an instance belongs to.
func BlockName(addr string) string {
	name, _, _ := strings.Cut(addr, "[")
	return name
}

// Blocks returns the stage blocks of the snapshot, in order of appearance.
func (s *Snapshot) Blocks() []Block {
	var blocks []Block
	index := map[string]int{}
	for i := range s.Stages {
		stage := &s.Stages[i]
		name := BlockName(stage.Addr)
		at, known := index[name]
		if !known {
			at = len(blocks)
			index[name] = at
			blocks = append(blocks, Block{Name: name, Counts: map[runs.State]int{}})
		}
		b := &blocks[at]
		b.Stages = append(b.Stages, stage)
		b.Counts[stage.State]++
		b.Took += stage.Took
	}
	return blocks
}
