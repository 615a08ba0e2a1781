// A small run with one of everything: a right answer, a question of unknown gold, and one without answer or stages.
#pragma once

#include <cstdint>

#include "litestage/evaluate/results.hpp"

inline litestage::evaluate::Results sample_results() {
  using litestage::StageReport;
  using litestage::StopReason;
  litestage::evaluate::Results r;
  r.info = {"litestage", "tiny.gguf", "cpu", "choice", "questions.jsonl", "letter", {}, 0};
  r.info.policies = litestage::Form().add("stages", "single").add("skip", litestage::Form().add("name", "never"));
  r.info.seed = 0x8000000000000005u;
  const StageReport recall{{"recall", 20, 0, 10, 12, 8.5},
                           {0.25, 1.5},
                           {{"Ice\nis \"cold\".", {5, 0, 7}, StopReason::eos, 4, {0.5f, 0.1f, 1, 0.75f}}}};
  const StageReport analyze{
      {"analyze", 120, 30, 24, 0, 0}, {1, 2}, {{"x", {1}, StopReason::cap, 1, {}}, {"", {}, StopReason::exit, 1, {}}}};
  const StageReport short_recall{
      {"recall", 25, 0, 6, 12, 9}, {0.75, 0.5}, {{"y", {2}, StopReason::stop_string, 2, {}}}};
  r.answers = {
      {"a", {{"B"}}, {"B"}, 5, {recall, analyze}}, {"b", {}, {"A"}, 2, {short_recall}}, {"c", {{"H"}}, {}, 1, {}}};
  return r;
}
