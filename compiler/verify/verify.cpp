#include "compiler/verify/verify.hpp"

#include <chrono>

#include "compiler/admit/points.hpp"
#include "compiler/base/error.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/verify/decode_tables.hpp"

namespace spikeloom {
namespace {

class ImageVerifier {
 public:
  explicit ImageVerifier(const Image& image) : image_(image) {}

  Verification run(const IntNetwork* network) {
    const auto begin = std::chrono::steady_clock::now();
    result_.assumed = {
        "the chip that it runs on is built as its chip file says (a device compares hashes)",
        "the cores' formulas of time and the protocol's latencies are the hardware's (tests hold them "
        "against the RTL)",
        "names, units, measured activity, critical cycles and metadata are for people: nothing depends on "
        "them; whether potentials come in every step or a sample's last was the user's choice"};
    // A number that no ratio holds is a lie too.
    try {
      all(network);
    } catch (const Error& error) {
      result_.faults.emplace_back(error.what());
    }
    if (network == nullptr)
      result_.assumed.emplace_back(
          "the network that the tables compute is the one that was meant (--network)");
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return std::move(result_);
  }

 private:
  void all(const IntNetwork* network) {
    checks("sizes and references: within their lists and the tile's memories");
    checks(
        "places, addresses and routes: no memory used twice, no slot taken twice on a wire, every flit "
        "followed through the routers to its destination");
    add("", check(image_));
    if (!result_.faults.empty()) return;
    const DecodedTables tables = decode_tables(image_.application, image_.chip);
    checks("tables: decode to " + std::to_string(image_.application.populations.size()) + " populations, " +
           std::to_string(tables.neurons) + " neurons and " + std::to_string(tables.synapses) +
           " synapses; no sum leaves its accumulator");
    add("", tables.faults);
    if (!result_.faults.empty()) return;
    check_orders(image_.binding, "");
    for (std::size_t p = 0; p < image_.points.size(); ++p)
      check_orders(image_.points[p].binding, "operating point " + std::to_string(p) + ": ");
    if (!result_.faults.empty()) return;
    check_promises();
    check_points();
    if (network == nullptr) return;
    checks("network: every weight, parameter, input and output of " + network->name);
    add("network: ", check(image_.application, *network, image_.chip));
    if (network->state_bits != image_.chip.tile.state_bits)
      result_.faults.push_back("network: its state has " + std::to_string(network->state_bits) +
                               " bits, the chip's " + std::to_string(image_.chip.tile.state_bits));
  }

  void checks(std::string what) { result_.checked.push_back(std::move(what)); }
  void add(const std::string& where, const std::vector<std::string>& faults) {
    for (const std::string& fault : faults) result_.faults.push_back(where + fault);
  }

  /// The timing graph is one of orders that begin with their first round.
  void check_orders(const Binding& binding, const std::string& where) {
    for (std::size_t t = 0; t < binding.orders.size(); ++t)
      for (const OrderEntry& entry : binding.orders[t])
        if (entry.skip != 0)
          result_.faults.push_back(where + "order of tile " + std::to_string(t) + ": " +
                                   image_.application.clusters[entry.cluster.index()].name +
                                   " is passed over in its first rounds, of which no promise can be proved");
  }

  void check_promises() {
    checks("promises: a guaranteed one first, then at most one sampled one, then at most one contracted one");
    add("", promise_faults(image_.promises));
    for (const Promise& promise : image_.promises) {
      const std::string name = "promise " + title(promise);
      checks(name + ": no cycle of the timing graph beats " + promise.period.str() +
             " cycles a step; offset " + std::to_string(promise.offset));
      // The guaranteed one must hold for every input, whatever the contracts say.
      const bool guaranteed = promise.kind == PromiseKind::kGuaranteed;
      checks(name + ": " +
             (guaranteed ? "a proof of when each firing of the timing graph starts at the latest; latency "
                         : "no latency below the guaranteed one: ") +
             std::to_string(promise.latency));
      add("promise ", verify(image_, promise, guaranteed ? std::vector<TileContract>{} : image_.contracts));
      if (!guaranteed && promise.latency < image_.promises.front().latency)
        result_.faults.push_back(name + ": latency " + std::to_string(promise.latency) +
                                 " is below the guaranteed one's " +
                                 std::to_string(image_.promises.front().latency));
    }
  }

  void check_points() {
    if (image_.points.empty()) return;
    checks("operating points: " + std::to_string(image_.points.size()) +
           ", whose graphs are those of their bindings and whose certificates hold under their budgets");
    for (std::size_t p = 0; p < image_.points.size(); ++p)
      add("operating point " + std::to_string(p) + ": ", faults(image_, image_.points[p]));
  }

  const Image& image_;
  Verification result_;
};

}  // namespace

Verification verify(const Image& image) { return ImageVerifier(image).run(nullptr); }

Verification verify(const Image& image, const IntNetwork& network) {
  return ImageVerifier(image).run(&network);
}

double require_verified(const Image& image, const std::string& name) {
  const Verification result = verify(image);
  Problems problems;
  for (const std::string& fault : result.faults) problems.add(fault);
  problems.throw_if_any(name + ": not what it claims to be; compile it again");
  return result.seconds;
}

}  // namespace spikeloom
