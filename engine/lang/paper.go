package lang

import "github.com/hashicorp/hcl/v2"

func (e *evaluator) evalPaper(n *node) (*Paper, hcl.Diagnostics) {
	return &Paper{Name: n.ref.name, Range: n.at}, nil
}
