package figures

import "repro/reports"

// Graph returns the graph of the snapshot's stage blocks. The instances of a
// matrix are one node.
func Graph(s *reports.Snapshot) *reports.Graph {
	g := &reports.Graph{Blocks: s.Blocks()}
	index := map[string]int{}
	for i, block := range g.Blocks {
		index[block.Name] = i
	}
	seen := map[[2]int]bool{}
	for to, block := range g.Blocks {
		for _, stage := range block.Stages {
			for _, input := range stage.Inputs {
				from, known := index[reports.BlockName(input.Stage)]
				edge := [2]int{from, to}
				if known && from != to && !seen[edge] {
					seen[edge] = true
					g.Edges = append(g.Edges, edge)
				}
			}
		}
	}
	return g
}
