#include "tests/fuzz/networks.hpp"

#include "compiler/model/elaborate.hpp"
#include "compiler/model/network_check.hpp"

namespace spikeloom::fuzz {

void elaborate_all(const NirGraph& graph) {
  static_cast<void>(describe(graph));
  Semantics euler, exact;
  euler.dt = 1e-4;
  exact.dt = 1e-3;
  exact.reset = Reset::kSubtractLater;
  exact.fire = Fire::kAtLeast;
  exact.integrator = Integrator::kExact;
  exact.input_delay = 1;
  for (const Semantics& semantics : {Semantics{}, euler, exact}) {
    const auto network = accepted([&] {
      Notes notes;
      return elaborate(graph, semantics, &notes);
    });
    if (!network) continue;
    require(check(*network).empty(), "an elaborated network keeps its promises");
    static_cast<void>(describe(*network));
  }
}

}  // namespace spikeloom::fuzz
