// The contract suite over the table of cores.
#include "tests/core/core_contract.hpp"

namespace spikeloom::test {

INSTANTIATE_TEST_SUITE_P(Cores, CoreContract, testing::ValuesIn(cores().begin(), cores().end()),
                         [](const testing::TestParamInfo<const Core*>& core) {
                           return std::string(core.param->name());
                         });

TEST(Cores, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Core* core : cores()) {
    EXPECT_TRUE(names.insert(core->name()).second) << core->name();
    EXPECT_EQ(find_core(core->name()), core);
  }
  EXPECT_EQ(find_core("no such core"), nullptr);
}

}  // namespace spikeloom::test
