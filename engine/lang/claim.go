package lang

import (
	"github.com/hashicorp/hcl/v2"

	"repro/cache/runs"
)

func (e *evaluator) evalClaim(n *node) (*Claim, hcl.Diagnostics) {
	return &Claim{Claim: runs.Claim{Name: n.ref.name, At: place(n.at)}, Range: n.at}, nil
}
