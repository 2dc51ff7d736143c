# Contrastive learning of sentences against hybrid batches: how do the two
# compare in English retrieval, and what does each keep of retrieval across
# languages? SimCSE (arXiv 2104.08821) learns from English alone: unsupervised,
# a sentence and itself through another dropout; supervised, natural language
# inference with contradictions as negatives.
#
#   repro run workflows/simcse.hcl                          bundled data, minutes on a laptop
#   repro run workflows/simcse.hcl --var scale=small        real data, on a CPU
#   repro run workflows/simcse.hcl --var scale=paper        XLM-R, five sets of BEIR, on a GPU
#   repro run workflows/simcse.hcl --var backend=static     without libtorch, and so without unsupervised SimCSE
#   repro run workflows/simcse.hcl --var nli=snli           supervised SimCSE on SNLI and MultiNLI at any scale
#
# Unsupervised SimCSE has a layer more in training, which is left away after;
# here all arms have the same.

workflow "simcse" {
  description = "Hybrid batches against SimCSE: English and cross-lingual retrieval"
  requires    = ">= 0.1.0"
}

variable "scale" {
  description = "smoke: bundled data; small: real data on a CPU; paper: XLM-R on a GPU"
  default     = "smoke"
  validation {
    condition     = contains(["smoke", "small", "paper"], var.scale)
    error_message = "scale is smoke, small or paper."
  }
}

variable "backend" {
  description = "what trains: transformer (libtorch) or static (pure Go), which has no dropout and so no unsupervised SimCSE"
  default     = "transformer"
  validation {
    condition     = contains(["static", "transformer"], var.backend)
    error_message = "backend is static or transformer."
  }
}

variable "models" {
  description = "folder with the folder XLM-R in the Hugging Face layout, for scale paper"
  default     = "../models"
}

variable "nli" {
  description = "what supervised SimCSE learns from: bundled (64 triplets, for scale smoke), snli (SNLI and MultiNLI, 320 MB), none (no such arm); if empty, bundled at scale smoke, none at small, snli at paper"
  default     = ""
  validation {
    condition     = contains(["", "bundled", "snli", "none"], var.nli)
    error_message = "nli is bundled, snli or none."
  }
}

variable "wiki1m_sha256" {
  description = "SHA-256 of SimCSE's wiki1m_for_simcse.txt, as its page at Hugging Face shows it: at scale paper, unsupervised SimCSE then learns from that million of sentences, else from the English side of the training pairs"
  default     = ""
}

variable "steps" {
  description = "optimiser steps of every arm, to try something out; 0: as the scale has it"
  default     = 0
}

variable "seeds" {
  description = "each arm is trained once for every seed; tables show means over them"
  default     = [0, 1, 2]
}

variable "digits" {
  description = "decimals in the tables"
  default     = 4
}

plugin "transformer" {
  source = "../bin/repro-gotch"
  build  = "npx --yes rust-just gotch"
}

locals {
  # English alone, and many languages.
  nli      = var.nli == "" ? { smoke = "bundled", small = "none", paper = "snli" }[var.scale] : var.nli
  simcse   = concat(var.backend == "static" ? [] : ["simcse"], local.nli == "none" ? [] : ["simcse-supervised"])
  samplers = concat(local.simcse, ["x-x-mono", "x-y", "hybrid"])
  arms     = concat(["untrained"], local.samplers)

  # Small encoders are trained equally long in all arms. With XLM-R each arm has
  # its paper's recipe: SimCSE's are one epoch of a million sentences and three
  # of 275,601 triplets. No arm chooses its weights by another set.
  paper = {
    untrained         = { learning_rate = 0.00003, temperature = 0.05 }
    simcse            = { batch_size = 64, steps = 15625, learning_rate = 0.00003, temperature = 0.05 }
    simcse-supervised = { batch_size = 512, steps = 1615, learning_rate = 0.00005, temperature = 0.05 }
    x-x-mono          = { batch_size = 100, steps = 10000, learning_rate = 0.00003, temperature = 0.05 }
    x-y               = { batch_size = 100, steps = 10000, learning_rate = 0.00003, temperature = 0.05 }
    hybrid            = { batch_size = 100, steps = 10000, learning_rate = 0.00003, temperature = 0.05 }
  }
  encoders = {
    static = {
      smoke = { batch_size = 50, steps = 300, learning_rate = 0.1, temperature = 0.2, dim = 256, ngram_max = 5 }
      small = { batch_size = 100, steps = 2000, learning_rate = 0.01, temperature = 0.2, dim = 256, ngram_max = 4 }
      paper = { batch_size = 100, steps = 10000, learning_rate = 0.01, temperature = 0.2, dim = 256, ngram_max = 4 }
    }
    transformer = {
      smoke = { batch_size = 50, steps = 300, learning_rate = 0.001, temperature = 0.2, layers = 1, hidden = 256, vocab_size = 8000, query_length = 32, passage_length = 64 }
      small = { batch_size = 100, steps = 600, learning_rate = 0.0001, temperature = 0.2, layers = 1, hidden = 512, vocab_size = 20000, query_length = 32, passage_length = 64 }
      # Sizes are the model's own.
      paper = { layers = 12, hidden = 768, vocab_size = 250002, query_length = 64, passage_length = 256 }
    }
  }
  encoder = local.encoders[var.backend][var.scale]
  recipes = {
    for arm in local.arms : arm => merge(local.pretrained ? local.paper[arm] : local.encoder, var.steps > 0 ? { steps = var.steps } : {})
  }
  pretrained = var.scale == "paper" && var.backend == "transformer"
  init       = local.pretrained ? "XLM-R" : var.backend
  gpus       = local.pretrained ? 1 : 0

  # What each scale reads; none means not at all. At scale small MLQA-R and one
  # set of SQuADShifts are trained on, XQuAD-R and the other sets evaluated on.
  facts_langs   = var.scale == "smoke" ? ["en", "es", "pt", "gl", "de", "sw"] : []
  xquad_r_langs = var.scale == "smoke" ? [] : keys(local.sha256.xquad_r)
  mlqa_r_langs  = var.scale == "small" ? keys(local.sha256.mlqa_r) : []
  shifts_train  = var.scale == "small" ? ["new_wiki"] : []
  shifts_test   = var.scale == "small" ? ["amazon_reviews", "reddit"] : []
  squad_langs   = var.scale == "paper" ? keys(local.sha256.squad) : []
  beir_sets     = var.scale == "paper" ? keys(local.sha256.beir) : []
  inference     = local.nli == "snli" ? keys(local.sha256.inference) : []
  wiki1m        = var.scale == "paper" && var.wiki1m_sha256 != "" ? ["wiki1m"] : []

  # Where languages come from that only the English side is taken of: Apertium
  # goes there directly, or through Spanish.
  facts_bundled  = [for l in local.facts_langs : l if contains(["en", "de", "sw"], l)]
  facts_apertium = [for l in local.facts_langs : l if !contains(["en", "de", "sw"], l)]
  via            = { es = [], gl = [], pt = ["es"] }
}

# --- Facts: the bundled corpus ------------------------------------------------

stage "convert" "facts_train" {
  matrix    = { lang = local.facts_bundled }
  format    = "parallel"
  dataset   = "facts"
  langs     = [each.lang]
  input     = ["data/facts/train/${each.lang}.jsonl"]
  origin    = each.lang == "en" ? "original" : "human"
  retrieval = false
}

stage "translate" "facts" {
  matrix = { lang = local.facts_apertium }
  input  = stage.convert.facts_train["en"].pairs
  from   = "en"
  to     = each.lang
  via    = local.via[each.lang]
}

stage "convert" "facts_test" {
  matrix  = { dataset = [for d in ["facts"] : d if length(local.facts_langs) > 0] }
  format  = "parallel"
  dataset = each.dataset
  langs   = local.facts_langs
  input   = [for l in local.facts_langs : "data/facts/test/${l}.jsonl"]
}

# --- XQuAD-R and MLQA-R: sentences in many languages --------------------------

stage "collect" "xquad_r" {
  matrix = { lang = local.xquad_r_langs }
  url    = "https://github.com/google-research-datasets/lareqa/raw/9bc8c7fb6dd8d01d72a05a93c2cb96882b0d299c/xquad-r/${each.lang}.json"
  sha256 = local.sha256.xquad_r[each.lang]
}

stage "convert" "xquad_r" {
  matrix        = { dataset = [for d in ["XQuAD-R"] : d if length(local.xquad_r_langs) > 0] }
  format        = "lareqa"
  dataset       = each.dataset
  langs         = local.xquad_r_langs
  input         = stage.collect.xquad_r[*].file
  dedup_queries = true # as in the paper
}

# Removed from the repository's head in 2020, but still in its history.
stage "collect" "mlqa_r" {
  matrix = { lang = local.mlqa_r_langs }
  url    = "https://github.com/google-research-datasets/lareqa/raw/354d67d1cd066854cdfbf5ad0e6105528976141d/mlqa-r/${each.lang}.json"
  sha256 = local.sha256.mlqa_r[each.lang]
}

stage "convert" "mlqa_r" {
  matrix    = { dataset = [for d in ["MLQA-R"] : d if length(local.mlqa_r_langs) > 0] }
  format    = "lareqa"
  dataset   = each.dataset
  langs     = local.mlqa_r_langs
  input     = stage.collect.mlqa_r[*].file
  retrieval = false
}

# --- SQuADShifts: English, and a translation of what is trained on ------------

stage "collect" "shifts" {
  matrix = { set = concat(local.shifts_train, local.shifts_test) }
  url    = "https://raw.githubusercontent.com/modestyachts/squadshifts-website/master/datasets/${each.set}_v1.0.json"
  sha256 = local.sha256.squadshifts[each.set]
}

stage "convert" "shifts" {
  matrix  = { set = concat(local.shifts_train, local.shifts_test) }
  format  = "squad"
  dataset = "squadshifts-${each.set}"
  langs   = ["en"]
  input   = [stage.collect.shifts[each.set].file]
}

stage "translate" "shifts" {
  matrix = { set = local.shifts_train, lang = ["es"] }
  input  = stage.convert.shifts[each.set].pairs
  from   = "en"
  to     = each.lang
}

# --- SQuAD and its machine translations: training pairs of scale paper --------

# XTREME's translations stand in for the paper's own, which were not released.
stage "collect" "squad" {
  matrix = { lang = local.squad_langs }
  url    = each.lang == "en" ? "https://rajpurkar.github.io/SQuAD-explorer/dataset/train-v1.1.json" : "https://storage.googleapis.com/xtreme_translations/SQuAD/translate-train/squad.translate.train.en-${each.lang}.json"
  sha256 = local.sha256.squad[each.lang]
}

stage "convert" "squad" {
  matrix    = { lang = local.squad_langs }
  format    = "squad"
  dataset   = "squad"
  langs     = [each.lang]
  input     = [stage.collect.squad[each.lang].file]
  origin    = each.lang == "en" ? "original" : "xtreme translate-train"
  retrieval = false
}

# --- English sentences for SimCSE ----------------------------------------------

stage "convert" "nli" {
  matrix  = { dataset = local.nli == "bundled" ? ["nli"] : [] }
  format  = "nli"
  dataset = each.dataset
  langs   = ["en"]
  input   = ["data/nli/train.csv"]
}

# What SimCSE's published triplets were made of.
stage "collect" "inference" {
  matrix  = { dataset = local.inference }
  url     = { snli = "https://nlp.stanford.edu/projects/snli/snli_1.0.zip", multinli = "https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip" }[each.dataset]
  sha256  = local.sha256.inference[each.dataset]
  unpack  = true
  strip   = 1
  include = ["${each.dataset}_1.0_train.jsonl"]
}

stage "convert" "inference" {
  matrix  = { dataset = local.inference }
  format  = "nli"
  dataset = each.dataset
  langs   = ["en"]
  input   = [stage.collect.inference[each.dataset].dir]
}

stage "collect" "wiki1m" {
  matrix = { dataset = local.wiki1m }
  url    = "https://huggingface.co/datasets/princeton-nlp/datasets-for-simcse/resolve/main/wiki1m_for_simcse.txt"
  sha256 = var.wiki1m_sha256
}

stage "convert" "wiki1m" {
  matrix  = { dataset = local.wiki1m }
  format  = "text"
  dataset = each.dataset
  langs   = ["en"]
  input   = [stage.collect.wiki1m[each.dataset].file]
}

# --- BEIR: English retrieval of scale paper ------------------------------------

stage "collect" "beir" {
  matrix  = { set = local.beir_sets }
  url     = "https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets/${each.set}.zip"
  sha256  = local.sha256.beir[each.set]
  unpack  = true
  strip   = 1
  include = ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"]
}

stage "convert" "beir" {
  matrix  = { set = local.beir_sets }
  format  = "beir"
  dataset = each.set
  langs   = ["en"]
  input   = [stage.collect.beir[each.set].dir]
}

# --- The encoder that all arms begin with --------------------------------------

stage "collect" "model" {
  matrix  = { init = local.pretrained ? [local.init] : [] }
  source  = ["${var.models}/${each.init}"]
  unpack  = true
  include = ["*.json", "*.safetensors", "*.txt", "*.model", "*_*/*"]
}

# A new encoder's vocabulary is made of the texts that it is given: all arms have
# that of the training pairs, and with it the same weights.
stage "train" "initial" {
  matrix    = { init = [local.init], seed = var.seeds }
  batches   = stage.sample.batches[{ sampler = "x-y", seed = each.seed }].batches
  init      = local.pretrained ? stage.collect.model[each.init].dir : null
  backend   = var.backend
  max_steps = 0
  seed      = each.seed
  static {
    dim       = local.encoder.dim
    ngram_max = local.encoder.ngram_max
  }
  transformer {
    layers       = local.encoder.layers
    hidden       = local.encoder.hidden
    heads        = local.encoder.hidden / 64
    intermediate = local.encoder.hidden
    vocab_size   = local.encoder.vocab_size
    device       = local.pretrained ? "cuda" : "cpu"
  }
  resources {
    gpus = local.gpus
  }
}

# --- Batches, training, evaluation --------------------------------------------

locals {
  train_pairs = concat(
    stage.convert.facts_train[*].pairs,
    stage.translate.facts[*].pairs,
    stage.convert.mlqa_r[*].pairs,
    [for s in stage.convert.shifts : s.pairs if contains(local.shifts_train, s.each.set)],
    stage.translate.shifts[*].pairs,
    stage.convert.squad[*].pairs,
  )
  nli_pairs = concat(stage.convert.nli[*].pairs, stage.convert.inference[*].pairs)
  sentences = length(local.wiki1m) > 0 ? stage.convert.wiki1m[*].pairs : local.train_pairs

  test_sets = concat(
    [for s in stage.convert.facts_test : { dataset = s.each.dataset, english = true, multilingual = true, retrieval = s.retrieval }],
    [for s in stage.convert.shifts : { dataset = "squadshifts-${s.each.set}", english = true, multilingual = false, retrieval = s.retrieval } if contains(local.shifts_test, s.each.set)],
    [for s in stage.convert.beir : { dataset = s.each.set, english = true, multilingual = false, retrieval = s.retrieval }],
    [for s in stage.convert.xquad_r : { dataset = s.each.dataset, english = false, multilingual = true, retrieval = s.retrieval }],
  )
  english      = [for s in local.test_sets : s.dataset if s.english]
  multilingual = [for s in local.test_sets : s.dataset if s.multilingual]
}

stage "sample" "batches" {
  matrix     = { sampler = local.samplers, seed = var.seeds }
  input      = each.sampler == "simcse" ? local.sentences : each.sampler == "simcse-supervised" ? local.nli_pairs : local.train_pairs
  langs      = each.sampler == "simcse" ? ["en"] : []
  sampler    = each.sampler
  batch_size = local.recipes[each.sampler].batch_size
  steps      = local.recipes[each.sampler].steps
  seed       = each.seed

  # By size, a large set in two languages would crowd out a small one in seven.
  dataset_weight = var.scale == "small" ? "equal" : "size"
}

# The untrained encoder is a row of every table: what the initial weights know.
stage "train" "encoder" {
  matrix        = { init = [local.init], sampler = local.arms, seed = var.seeds }
  batches       = stage.sample.batches[{ sampler = each.sampler == "untrained" ? "x-y" : each.sampler, seed = each.seed }].batches
  init          = stage.train.initial[{ init = each.init, seed = each.seed }].model
  backend       = var.backend
  max_steps     = each.sampler == "untrained" ? 0 : null
  learning_rate = local.recipes[each.sampler].learning_rate
  temperature   = local.recipes[each.sampler].temperature
  weight_decay  = local.pretrained ? 0.01 : 0
  schedule      = local.pretrained ? "linear" : "constant"
  warmup        = local.pretrained && !contains(local.simcse, each.sampler) ? 500 : 0
  seed          = each.seed
  transformer {
    # The two sides of SimCSE are alike; those of questions and passages are not.
    query_prefix   = local.pretrained && !contains(local.simcse, each.sampler) ? "Query: " : null
    passage_prefix = local.pretrained && !contains(local.simcse, each.sampler) ? "Passage: " : null
    query_length   = contains(local.simcse, each.sampler) ? local.encoder.passage_length : local.encoder.query_length
    passage_length = local.encoder.passage_length
    device         = local.pretrained ? "cuda" : "cpu"
    precision      = local.pretrained ? "bfloat16" : "float32"
  }
  resources {
    gpus = local.gpus
  }
}

# Queries may be as long as documents: those of ArguAna are.
stage "embed" "texts" {
  matrix    = { dataset = [for s in local.test_sets : s.dataset], init = [local.init], sampler = local.arms, seed = var.seeds }
  model     = stage.train.encoder[{ init = each.init, sampler = each.sampler, seed = each.seed }].model
  retrieval = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  backend   = var.backend
  transformer {
    device    = local.pretrained ? "cuda" : "cpu"
    precision = local.pretrained ? "bfloat16" : "float32"
  }
  resources {
    gpus = local.gpus
  }
}

# English retrieval as in BEIR: the best thousand documents, of which a query is
# none, and 0 for a query that finds nothing.
stage "search" "english" {
  matrix     = { dataset = local.english, init = [local.init], sampler = local.arms, seed = var.seeds }
  retrieval  = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  embeddings = stage.embed.texts[{ dataset = each.dataset, init = each.init, sampler = each.sampler, seed = each.seed }].embeddings
  k          = 1000

  ignore_identical_ids = true
}

stage "evaluate" "english" {
  matrix    = { dataset = local.english, init = [local.init], sampler = local.arms, seed = var.seeds }
  retrieval = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  run       = stage.search.english[{ dataset = each.dataset, init = each.init, sampler = each.sampler, seed = each.seed }].run
  ranking   = "run"
  settings  = ["monolingual"]
  missing   = "zero"
}

stage "evaluate" "multilingual" {
  matrix     = { dataset = local.multilingual, init = [local.init], sampler = local.arms, seed = var.seeds }
  retrieval  = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  embeddings = stage.embed.texts[{ dataset = each.dataset, init = each.init, sampler = each.sampler, seed = each.seed }].embeddings
}

# What words in common find: the lexical baseline. It knows no encoder, and
# stands beside the one that all arms begin with.
stage "evaluate" "english_bm25" {
  matrix    = { dataset = local.english, init = [local.init], sampler = ["bm25"] }
  retrieval = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  ranking   = "bm25"
  settings  = ["monolingual"]
  missing   = "zero"
  bm25 {
    ignore_identical_ids = true
  }
}

stage "evaluate" "multilingual_bm25" {
  matrix    = { dataset = local.multilingual, init = [local.init], sampler = ["bm25"] }
  retrieval = [for s in local.test_sets : s.retrieval if s.dataset == each.dataset]
  ranking   = "bm25"
}

# Means over all pairs of languages, and how much they lie above hybrid's of the
# same seed.
stage "exec" "against_hybrid" {
  matrix  = { dataset = local.multilingual, init = [local.init], sampler = local.arms, seed = var.seeds }
  command = ["awk", "-f", "in/program", "in/arm", "in/hybrid"]
  stdout  = "metrics"
  inputs = {
    program = "data/groups.awk"
    arm     = stage.evaluate.multilingual[{ dataset = each.dataset, init = each.init, sampler = each.sampler, seed = each.seed }].metrics
    hybrid  = stage.evaluate.multilingual[{ dataset = each.dataset, init = each.init, sampler = "hybrid", seed = each.seed }].metrics
  }
}

# --- Tables -------------------------------------------------------------------

report "training_pairs" {
  title   = "Training pairs of each arm, by language and where its text comes from"
  from    = [for s in stage.sample.batches : s.composition if s.each.seed == var.seeds[0] && contains(concat(local.simcse, ["hybrid"]), s.each.sampler)]
  rows    = ["sampler", "dataset", "lang", "origin"]
  columns = ["metric"]
  digits  = 0
}

report "english" {
  title   = "English retrieval: nDCG@10"
  from    = concat(stage.evaluate.english_bm25[*].metrics, stage.evaluate.english[*].metrics)
  where   = { metric = "ndcg@10", query_lang = "en" }
  rows    = ["init", "sampler"]
  columns = ["dataset"]
  over    = "seed"
  best    = "max"
  digits  = var.digits
}

report "english_mean" {
  title   = "English retrieval: nDCG@10, mean over the sets"
  from    = concat(stage.evaluate.english_bm25[*].metrics, stage.evaluate.english[*].metrics)
  where   = { metric = "ndcg@10", query_lang = "en" }
  rows    = ["init", "sampler"]
  columns = ["metric"]
  average = ["dataset"]
  over    = "seed"
  best    = "max"
  digits  = var.digits
}

report "across_languages" {
  title   = "Mean average precision over all languages"
  caption = "Means over pairs of languages${length(var.seeds) > 1 ? "; interval: 95 % over seeds" : ""}."
  from    = concat(stage.evaluate.multilingual_bm25[*].metrics, stage.evaluate.multilingual[*].metrics)
  where   = { metric = "map" }
  rows    = ["init", "sampler"]
  columns = ["dataset", "setting"]
  average = ["query_lang", "doc_lang"]
  over    = "seed"
  best    = "max"
  digits  = var.digits
}

report "against_hybrid" {
  title   = "Mean average precision above hybrid's (below, if negative)"
  from    = stage.exec.against_hybrid[*].metrics
  where   = { metric = "map-gain", sampler = [for s in local.arms : s if s != "hybrid"] }
  rows    = ["init", "sampler"]
  columns = ["dataset", "setting"]
  over    = "seed"
  best    = "max"
  digits  = var.digits
}

# --- The question, as claims --------------------------------------------------

locals {
  question = "Hybrid Batch Training vs. Contrastive Learning for Monolingual Retrieval and Cross-Lingual Accuracy, 9 July 2026"
  rivals   = length(local.simcse) > 0 ? local.simcse : ["simcse"]
}

claim "english" {
  text   = "Hybrid batches retrieve better than SimCSE within English (nDCG@10)."
  source = local.question
  compare {
    report = report.english_mean
    dim    = "sampler"
    better = "hybrid"
    than   = local.rivals
  }
}

claim "cross-lingual" {
  text   = "Hybrid batches keep cross-lingual accuracy: they gain on the untrained encoder, and retrieve better than SimCSE."
  source = local.question
  compare {
    report = report.across_languages
    where  = { setting = "cross-lingual" }
    dim    = "sampler"
    better = "hybrid"
    than   = concat(["untrained"], local.rivals)
  }
}

# --- The summary: repro paper workflows/simcse.hcl ------------------------------

paper "simcse" {
  template = "../paper/simcse.tex"
  values = {
    dataset      = local.multilingual[0]
    english      = local.english
    multilingual = local.multilingual
    init         = local.init
    encoder      = local.pretrained ? "pretrained" : var.backend
    arms         = local.simcse
    triplets     = local.nli
    steps-given  = var.steps
    steps        = local.recipes["hybrid"].steps
    batch-size   = local.recipes["hybrid"].batch_size
    seeds-count  = length(var.seeds)
  }
}

# --- Checksums of public files ------------------------------------------------

locals {
  sha256 = {
    xquad_r = {
      ar = "c52922d3b8ac1ae03ed5ac38647ad59870dca3dda2beefe18ecdc30729acb69d"
      de = "16fb0f4bf4916154b585a20c24c66074591c9718a1affe764ff4697572328949"
      el = "163fd43ee785a30eb534ae2061e9eaa766a7ee4e8ffce5e4b422480c150f64b6"
      en = "7b0954f39297c27a31fef610f0883337dd2907fa8699151dc922afdd0fa12ffe"
      es = "f8e836b2d91009c4363e04315f7ede363eedbbb49c67dda60de6c4aa782f58de"
      hi = "ea45ba8ae4513d1533b222bebdc02a90bc319c055d3aeea68584a053d2e92872"
      ru = "7f4dff853538b9a5fcc28c070b8bb983a5c5d190ac747b8e005a1ada9cab18f1"
      th = "c3a041864c3a9fb0b4dd91cfdf99cf36b411b3e704c58a303c97bc6dc786cfe4"
      tr = "f3e8c13002bbce154a4578f535f7533cb70f3da08840e6b62735935baec7bd94"
      vi = "e35926bf5cc6fc6ecbdfca49467aabeb454f08d152d7818143a906bd31dde995"
      zh = "80c2cde7b9c2fb134c303cbb52f2ba396ead9eb0014aec43993543d2ba9e93ed"
    }
    mlqa_r = {
      ar = "2132fbc03208535c0fe01f2e2c5121d06f9c2aa799af93b0a719dbc105bdf137"
      de = "ce9454dc5aa6f2d85c23cd6e49cb367fbb7c4c6e62d7f71e355c6b5dae4d0886"
      en = "fedd9a5cc0848dda80caf84aa36f482adaae230526a3f6e9e86926a93ef3b1e4"
      es = "70ecba276b8c96a692b120693a595d076ce94ad21d4b28311538a9fcbfe0f9d7"
      hi = "4dd0fb3c06f737a5481d705bc1dcac7876712a5815c9265908fbb3a0696cb654"
      vi = "9d3baff6ba03e6793b25594217265ea59a136b9733833dca8a9582a84a78ff85"
      zh = "57f01d2fff50cf3392805635b01445339f225ad5bf28ba8443b12f8dbd1e69dc"
    }
    squadshifts = {
      new_wiki       = "1d50a0ca4cdab88d038b52ea8a2d0510af6038d7f41a0a256b9659237769d0ee"
      reddit         = "b4ac346dbf1816fdec80fdcf91d06a4b754fa51e47960fa8614a94f37ea42a4b"
      amazon_reviews = "9db7bdee84a91f0fb80b9e74f365042fbbb217cb8e0a7e73bb071245472589b6"
    }
    squad = {
      ar = "d2d01110aa646b547eec88b14b3930dc027c9d149c4962376a1551e251ec3f9b"
      de = "3c125cb2a31e8ad167c4590ece8fdfd16018a5bbf9475dbfac034c1816a4ab02"
      en = "3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955"
      es = "cb8f68b8e4cff696209a5ec249a5dc9e2a75a5c7f9dbbfa8a8be1dcf1f91c81a"
      hi = "fdfd8c59359943c6a55022403e7dfa047e7ee1dea734086a3c73c1adbb44d254"
      ru = "075818cce7ca8d6efe2c783b125d91bd79add93ddfe8c2b0f45fb610d7552f48"
      th = "3ae03fd7a9d51a6f45e74a70b8d6168eb365114fcf5de21f34f212197e085eab"
      tr = "7c618d3f5e0c19d878686a9874b15a10d6f842ae9451e12d8d7d51531bfe79e6"
      zh = "411e4023e4f3627ccb4873edfb77b36e97470b4226a076e6a632544c92353d24"
    }
    beir = {
      arguana  = "cfdf79adce27a401b3cd3ea267903134dbfab2c6afeb95d7fe5724a00bf7557b"
      fiqa     = "32c7df99ed21252fdfb2cf3f5673502a8d245ee0c44c4a133570d92ce2b3ad02"
      nfcorpus = "efe5be03f8c5b86a5870102d0599d227c8c6e2484328e68c6522560385671b0b"
      scidocs  = "96640201687767c9b1fcc5af7a80b90fb325b37fa25329c2586c25edcfa17ef1"
      scifact  = "536e14446a0ba56ed1398ab1055f39fe852686ecad24a6306c80c490fa8e0165"
    }
    inference = {
      multinli = "049f507b9e36b1fcb756cfd5aeb3b7a0cfcb84bf023793652987f7e7e0957822"
      snli     = "afb3d70a5af5d8de0d9d81e2637e0fb8c22d1235c2749d83125ca43dab0dbd3e"
    }
  }
}
