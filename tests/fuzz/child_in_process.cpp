// in_child for the fuzzers: the work is done here, where its coverage counts, or in a real child.
#define in_child in_forked_child
#include "compiler/base/child.cpp"
#undef in_child

#include "tests/fuzz/hdf5_recipe.hpp"

namespace spikeloom {

ChildAnswer in_child(const ChildLimits& limits, const std::function<std::string()>& work);

ChildAnswer in_child(const ChildLimits& limits, const std::function<std::string()>& work) {
  if (!fuzz::children_in_process) return in_forked_child(limits, work);
  return {ChildAnswer::End::kWell, work()};
}

}  // namespace spikeloom
