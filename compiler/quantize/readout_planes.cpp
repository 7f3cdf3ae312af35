#include "compiler/quantize/readout_planes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/golden/check.hpp"
#include "compiler/linear/sums.hpp"

namespace spikeloom {
namespace {

/// The readout that a projection comes from.
std::optional<std::size_t> readout_of(const Network& network, const Projection& projection) {
  const auto* from = std::get_if<PopulationId>(&projection.from);
  if (from == nullptr || !network.populations[from->index()].is_readout()) return std::nullopt;
  return from->index();
}

constexpr std::uint32_t kWidest = 8;  ///< weights

bool decodes_eight(const QuantizeLimits& limits) {
  return std::count(limits.weight_bits.begin(), limits.weight_bits.end(), kWidest) != 0;
}

/// Depth first over the readouts that feed each population.
class Order {
 public:
  Order(const Network& network, Problems& problems)
      : network_(network), problems_(problems), before_(network.populations.size()), mark_(before_.size()) {
    for (const Projection& projection : network.projections)
      if (const auto from = readout_of(network, projection)) before_[projection.to.index()].push_back(*from);
  }

  std::vector<std::size_t> run() {
    for (std::size_t p = 0; p < before_.size(); ++p) visit(p);
    return std::move(order_);
  }

 private:
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };

  void visit(std::size_t root) {
    if (mark_[root] != Mark::kNew) return;
    std::vector<std::pair<std::size_t, std::size_t>> path{{root, 0}};  // population, sources looked at
    mark_[root] = Mark::kOpen;
    while (!path.empty()) {
      const std::size_t at = path.back().first;
      if (path.back().second == before_[at].size()) {
        mark_[at] = Mark::kDone;
        order_.push_back(at);
        path.pop_back();
        continue;
      }
      const std::size_t next = before_[at][path.back().second++];
      if (mark_[next] == Mark::kOpen) refuse(path, next);
      if (mark_[next] != Mark::kNew) continue;
      mark_[next] = Mark::kOpen;
      path.emplace_back(next, 0);
    }
  }

  void refuse(const std::vector<std::pair<std::size_t, std::size_t>>& path, std::size_t first) {
    std::string names;
    bool inside = false;
    for (const auto& [member, looked] : path) {
      inside = inside || member == first;
      if (inside) names = "'" + network_.populations[member].name + "' -> " + names;
    }
    problems_.add("a circle of readouts: '" + network_.populations[first].name + "' -> " +
                  names.substr(0, names.size() - 4) +
                  "; nothing bounds a potential that adds up itself, so no number of bits holds it");
  }

  const Network& network_;
  Problems& problems_;
  std::vector<std::vector<std::size_t>> before_;
  std::vector<Mark> mark_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<std::uint8_t> feeding_readouts(const Network& network) {
  std::vector<std::uint8_t> feeds(network.populations.size(), 0);
  for (const Projection& projection : network.projections)
    if (const auto from = readout_of(network, projection)) feeds[*from] = 1;
  return feeds;
}

std::vector<std::size_t> quantizing_order(const Network& network, Problems& problems) {
  return Order(network, problems).run();
}

PlaneBudget plane_budget(const Network& network, PopulationId readout, const QuantizeLimits& limits,
                         const std::function<std::uint32_t(std::size_t)>& mantissa_bits) {
  PlaneBudget budget{kMaxPlanes, ""};
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    // The largest sum of one neuron's weights from readouts, in mantissas, and whether others come beside it.
    std::vector<std::int64_t> sums(network.populations[p].size(), 0);
    bool hears = false, others = false;
    for (std::size_t n = 0; n < network.projections.size(); ++n) {
      const Projection& projection = network.projections[n];
      if (projection.to.index() != p) continue;
      const auto from = readout_of(network, projection);
      hears = hears || from == readout.index();
      if (!from) {
        others = true;
        continue;
      }
      std::vector<std::int64_t> weights;
      const std::uint32_t bits = mantissa_bits(n);
      for (const double weight : projection.weight)
        weights.push_back(weight == 0 ? 0 : mantissa_range(bits).second);
      if (const std::uint32_t shifts = limits.max_shift + spare_shift(bits, limits) + 1;
          from == readout.index() && shifts < budget.planes)
        budget = {shifts, "the tile's largest shift is " + std::to_string(limits.max_shift) +
                              ", with weights of " + std::to_string(bits) + " bits"};
      const std::vector<std::int64_t> more = sum_by_target(projection.form, weights);
      for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += more[j];
    }
    if (!hears) continue;
    const std::int64_t largest = std::max<std::int64_t>(1, *std::max_element(sums.begin(), sums.end()));
    const std::int64_t room = (std::int64_t{1} << (limits.acc_bits - 1U)) / (others ? 2 : 1) - 1;
    std::uint32_t planes = 0;  // potentials go down to -2^(planes - 1)
    while (planes < budget.planes && largest << planes <= room) ++planes;
    if (planes == budget.planes) continue;
    budget = {planes, "the accumulator of '" + network.populations[p].name + "' has " +
                          std::to_string(limits.acc_bits) + " bits" +
                          (others ? ", half of it for what else it hears," : "") +
                          " and a neuron's largest weights from readouts add up to " +
                          std::to_string(largest)};
  }
  return budget;
}

std::uint32_t mantissa_bits_beside_planes(std::uint32_t weight_bits, const QuantizeLimits& limits) {
  if (!decodes_eight(limits)) return weight_bits;
  constexpr std::uint32_t kLeast = 2, kMore = 4;
  const std::uint32_t both = kWidest + 1 + limits.max_shift;  // bits of the two factors, a sign each
  return std::min(weight_bits, std::clamp((both - kMore) / 2, kLeast, kWidest));
}

std::uint32_t spare_shift(std::uint32_t mantissa_bits, const QuantizeLimits& limits) {
  if (!decodes_eight(limits)) return 0;
  std::uint32_t spare = 0;  // of the largest mantissa; the lowest one, -2^(bits - 1), then fits too
  while ((mantissa_range(mantissa_bits).second << (spare + 1)) <= mantissa_range(kWidest).second) ++spare;
  return spare;
}

Network from_start(const Network& network) {
  Network result = network;
  Problems problems;
  for (const Projection& projection : network.projections) {
    const auto from = readout_of(network, projection);
    if (!from) continue;
    const std::vector<double>& start = network.populations[*from].start;
    if (std::all_of(start.begin(), start.end(), [](double s) { return s == 0; })) continue;
    if (projection.delay != 0) {
      problems.add("readout '" + network.populations[*from].name + "' does not start at 0 and feeds '" +
                   network.populations[projection.to.index()].name + "' " + std::to_string(projection.delay) +
                   " steps late, so that what it gives changes within a sample; --start zero would do");
      continue;
    }
    std::vector<double>& bias = result.populations[projection.to.index()].bias;
    for (std::size_t s = 0; s < projection.form.sources(); ++s)
      projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        bias[target] += projection.weight[weight] * start[s];
      });
  }
  problems.throw_if_any("quantize");
  for (Population& population : result.populations)
    for (std::size_t j = 0; j < population.size(); ++j) {
      const double start = population.start[j];
      const double drive = population.drive[j] - (1 - population.beta[j]) * start;
      // A neuron that starts at rest is not driven away from it by a rounding.
      constexpr double kRounding = 1e-9;
      population.drive[j] = std::abs(drive) <= kRounding * std::abs(population.drive[j]) ? 0 : drive;
      if (population.is_readout()) continue;
      population.theta[j] -= start;
      population.v_reset[j] -= start;
    }
  return result;
}

}  // namespace spikeloom
