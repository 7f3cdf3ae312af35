// The contract suite over the table of cores.
#include "tests/core/core_answers.hpp"

namespace spikeloom::test {

INSTANTIATE_TEST_SUITE_P(Cores, CoreContract, testing::ValuesIn(all_core_inputs()),
                         [](const testing::TestParamInfo<CoreInputs>& inputs) {
                           return std::string(inputs.param.core->name());
                         });

TEST(Cores, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Core* core : cores()) {
    EXPECT_TRUE(names.insert(core->name()).second) << core->name();
    EXPECT_EQ(find_core(core->name()), core);
  }
  EXPECT_EQ(find_core("no such core"), nullptr);
}

TEST(Cores, AllPassTheSuite) {
  std::set<const Core*> tested;
  for (const CoreInputs& inputs : all_core_inputs()) tested.insert(inputs.core);
  for (const Core* core : cores()) EXPECT_EQ(tested.count(core), 1U) << core->name();
}

}  // namespace spikeloom::test
