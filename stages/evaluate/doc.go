// Package evaluate scores rankings of multilingual retrieval sets.
//
// In come a retrieval set (see corpus.Set) and what ranks its documents for
// each query: the dot product of embeddings, a TREC run, BM25, or chance. Out come
// means as tidy records, the values of every query, and the run and the
// judgements in TREC format for other tools.
//
// # Settings
//
// With Q_x the queries in language x and C_y the documents in language y
// (Roy et al. 2020, LAReQA; arXiv 2408.10536):
//
//   - monolingual: Q_x against C_x;
//   - cross-lingual: Q_x against C_y for every y ≠ x;
//   - multilingual: Q_x against all documents, the answers of all languages
//     being relevant.
//
// A record has the dimensions setting, query_lang and doc_lang ("all" in the
// multilingual setting) and the mean over the queries of query_lang. Means
// over languages are left to reports.
//
// # Metrics
//
// R is the set of documents that answer a query, N the number of documents.
//
//   - map: average precision over the full list, (1/|R|) Σ_{r∈R} precision at
//     the rank of r, which is 0 for an r that is not listed.
//   - mrr: 1 / the best rank in R.
//   - recall@k: |first k ∩ R| / |R|.
//   - ndcg@k: Σ_{i≤k} score_i / log2(i+1) over the same sum of an ideal list;
//     scores are the judgements' own, as in trec_eval's ndcg_cut and in BEIR.
//
// And in the multilingual setting:
//
//   - rank-distance: the worst rank in R minus the best one, of queries with at
//     least two answers (arXiv 2408.10536, footnote 6). It depends on N and
//     |R|: compare it within one data set only.
//   - gold-rank: the mean rank of the answers in the language doc_lang.
//   - lang-share@k: the share of the query's language among the first k.
//   - lang-bias@k: that share over the language's share of all documents; 1 is
//     no bias.
//
// # Conventions
//
// Documents with equal scores are ordered by identifier, descending byte by
// byte, as trec_eval does.
//
// A run may list only the best documents of each query, as search and TREC
// do. What it does not list counts as not found, so that map is trec_eval's:
// of a run of depth 1000, mean average precision at 1000. The monolingual and
// cross-lingual settings see what such a run has left of one language.
// Rank-distance and gold-rank need the rank of every answer: they are left out
// if the run does not list one.
//
// BM25 (package bm25) finds only what shares a word with the query, as search
// engines do; the rest has no rank, as in a run. The collection whose statistics
// count is the one that a setting searches: C_y, or all documents.
package evaluate
