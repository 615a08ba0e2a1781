// expect: std::vector<Prompt> prompts(std::size_t i, const Transcript&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Schedule {
  std::size_t size() const { return 1; }
  StageInfo stage(std::size_t) const { return {}; }
  Prompt prompts(std::size_t, const Transcript&) const { return {}; }
};
static_assert(CheckStageSchedule<Schedule>::passed);
