// Networks and chips for the contract suite: everything that a network may have.
#include "tests/core/core_inputs.hpp"

namespace spikeloom::test {

CoreInputs crossbar_inputs() { return {find_core("crossbar"), random_network, random_chip, true}; }

}  // namespace spikeloom::test
