#include "compiler/admit/admit.hpp"

#include <algorithm>

#include "compiler/admit/points.hpp"
#include "compiler/admit/projection.hpp"
#include "compiler/admit/retime.hpp"
#include "compiler/base/error.hpp"
#include "compiler/schedule/schedule.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kAttempts = 3;  ///< choices of tiles for a point where slots run out

/// Names of the bound graph's actors, as compiler/schedule writes them.
std::vector<std::pair<std::string, std::int64_t>> named(const PointGraph& graph,
                                                        const std::vector<std::string>& tiles,
                                                        const std::vector<std::int64_t>& potentials) {
  std::vector<std::pair<std::string, std::int64_t>> list;
  list.reserve(potentials.size());
  for (std::size_t a = 0; a < potentials.size(); ++a) {
    const PointGraph::Actor& actor = graph.actors[a];
    std::string name;
    if (actor.tile != PointGraph::kNowhere) {
      name.reserve(tiles[actor.tile].size() + 1 + actor.name.size());
      name += tiles[actor.tile];
      name += ' ';
    }
    name += actor.name;
    list.emplace_back(std::move(name), potentials[a]);
  }
  return list;
}

/// Tile names by the point's tiles.
std::vector<std::string> tile_names(const Chip& chip, const OperatingPoint& point, const Binding& binding) {
  std::vector<std::string> names(point.tiles());
  for (std::size_t c = 0; c < binding.placement.size(); ++c) {
    std::string& name = names[point.binding.placement[c].tile.index()];
    if (name.empty()) name = tile_name(chip, binding.placement[c].tile);
  }
  return names;
}

std::string actor_name(const PointGraph& graph, const std::vector<std::string>& tiles, sdf::ActorId id) {
  const PointGraph::Actor& actor = graph.actors[id.index()];
  return actor.tile == PointGraph::kNowhere ? actor.name : tiles[actor.tile] + " " + actor.name;
}

/// The guarantee of a bound point: its own graph's, or, where that is enough, the point's certificate.
void promise(const Chip& chip, const Image& image, const OperatingPoint& point, const AdmitOptions& options,
             Admission& admission) {
  const Ways ways = ways_of(image.application, chip, admission.binding);
  admission.within_budgets = within(ways, budget_of(point));
  Retimed timing(point, ways_of(image.application, chip, point.binding));
  timing.set(ways);
  const std::vector<std::string> tiles = tile_names(chip, point, admission.binding);
  Promise& result = admission.promise;
  result = Promise{};
  if (admission.within_budgets && !options.tighten &&
      sdf::verify_bound(timing.graph(), point.period * Ratio(kTimeScale), point.potentials, timing.lower())
          .empty()) {
    result.period = point.period;
    result.offset = point.offset;
    result.latency = point.latency;
    result.potentials = named(point.graph, tiles, point.potentials);
    result.latest_starts = point.latest_starts;
    return;
  }
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph(), {.lower = timing.lower()});
  const sdf::Certificate& certificate = sdf::certificate_of(ratio, timing.graph());
  result.period = certificate.period / Ratio(kTimeScale);
  result.offset = timing.offset(certificate.period, certificate.potential);
  sdf::LatencyProof latency = timing.latency();
  result.latency = Ratio(latency.latency, kTimeScale).ceil();
  result.latest_starts = std::move(latency.latest);
  result.potentials = named(point.graph, tiles, certificate.potential);
  for (const sdf::ChannelId id : certificate.critical_cycle)
    result.critical_cycle.push_back(actor_name(point.graph, tiles, timing.graph().channel(id).source) +
                                    " -[" + point.graph.arcs[id.index()].name + "]->");
}

/// The same hardware: all but name and clock.
bool same_kind(const Chip& a, const Chip& b) {
  Chip other = b;
  other.name = a.name;
  other.clock_mhz = a.clock_mhz;
  return a == other || chip_hash(a) == chip_hash(b);
}

std::string hexadecimal(std::uint32_t value) {
  std::string text = "0x00000000";
  for (std::size_t i = 0; i < 8; ++i) text[2 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15U];
  return text;
}

/// Contracts by the tiles of another binding of the same clusters; empty where clusters share tiles
/// otherwise, or in another order.
std::vector<TileContract> moved(const std::vector<TileContract>& contracts, const Binding& from,
                                const Binding& to) {
  if (contracts.empty()) return {};
  std::vector<TileContract> result(to.orders.size());
  for (std::size_t t = 0; t < from.orders.size(); ++t) {
    if (from.orders[t].empty()) continue;
    const TileId tile = to.placement[from.orders[t].front().cluster.index()].tile;
    if (to.orders[tile.index()] != from.orders[t]) return {};
    result[tile.index()] = contracts[t];
  }
  return result;
}

struct Tried {
  std::optional<Admission> admission;
  Shortage shortage;      ///< of the point that came farthest: slots before numbers before tiles
  std::size_t point = 0;  ///< whose shortage it is
  std::optional<Ratio>
      too_slow;  ///< the shortest period that a point could have had here; longer than was asked for
};

bool farther(const Shortage& a, const Shortage& b) {
  const auto stage = [](const Shortage& s) {
    return s.kind == Shortage::Kind::kTiles ? 0 : s.is_slots() ? 2 : 1;
  };
  if (stage(a) != stage(b)) return stage(a) > stage(b);
  return a.needed <= b.needed;
}

Tried try_points(const ChipState& state, const Image& image, const AdmitOptions& options) {
  Tried tried;
  bool any = false;
  const auto too_long = [&](const Admission& a) {
    return options.max_period && a.promise.period > *options.max_period;
  };
  // A fair share of the host's wires, or the smallest that the points need.
  Ratio most = host_share(image.points.front(), state.chip());
  for (const OperatingPoint& point : image.points) most = std::min(most, host_share(point, state.chip()));
  most = std::max(most, Ratio(1, state.chip().host.applications));
  for (std::size_t p = 0; p < image.points.size(); ++p) {
    const OperatingPoint& point = image.points[p];
    // Within its budgets the point does no worse than it says; what is there already may be better still.
    if (tried.admission && tried.admission->promise.period <= point.period && !too_long(*tried.admission))
      break;
    if (!options.greedy && host_share(point, state.chip()) > most) continue;
    for (std::uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
      auto projected = project(state, point, image.application, attempt);
      if (const auto* shortage = std::get_if<Shortage>(&projected)) {
        if (!any || farther(*shortage, tried.shortage)) tried.shortage = *shortage, tried.point = p;
        any = true;
        if (!shortage->is_slots()) break;
        continue;
      }
      Admission admission;
      admission.binding = std::get<Binding>(std::move(projected));
      admission.point = p;
      promise(state.chip(), image, point, options, admission);
      if (!tried.admission || admission.promise.period < tried.admission->promise.period)
        tried.admission = std::move(admission);
      break;
    }
  }
  if (tried.admission && too_long(*tried.admission)) {
    tried.too_slow = tried.admission->promise.period;
    tried.admission.reset();
  }
  return tried;
}

/// Which resident's leaving would make room.
std::string remedy_for(const ChipState& state, const Image& image, const AdmitOptions& options) {
  std::string names;
  for (const Resident& resident : state.residents()) {
    ChipState without = state;
    without.release(resident.name);
    if (try_points(without, image, options).admission) names += (names.empty() ? "" : " or ") + resident.name;
  }
  if (!names.empty()) return "releasing " + names + " would do";
  if (state.residents().empty())
    return "the chip is empty: a larger chip file would do, or more operating points (compile --points)";
  const Tried alone = try_points(ChipState(state.chip()), image, options);
  if (alone.admission) return "no single release would do; on the empty chip it fits";
  return alone.too_slow ? "the empty chip would guarantee a step every " + alone.too_slow->str() +
                              " cycles: a longer --max-period and releases would do"
                        : "it does not fit the empty chip either: a larger chip file would do, or more "
                          "operating points (compile --points)";
}

}  // namespace

std::variant<Admission, Refusal> admit(const ChipState& state, const Image& image,
                                       const AdmitOptions& options) {
  if (image.points.empty())
    throw input_error(image.application.name +
                      ": the image holds no operating points; compile it with --points 1 or more");
  if (!same_kind(state.chip(), image.chip))
    return Refusal{"compiled for another chip: " + image.chip.name + " with hash " +
                       hexadecimal(chip_hash(image.chip)) + ", the state is of " + state.chip().name +
                       " with hash " + hexadecimal(chip_hash(state.chip())),
                   "compile it for the state's chip"};
  Tried tried = try_points(state, image, options);
  if (tried.admission) return *std::move(tried.admission);
  if (tried.too_slow)
    return Refusal{"no operating point that fits guarantees a step every " + options.max_period->str() +
                       " cycles; the next best guarantees " + tried.too_slow->str(),
                   "--max-period " + tried.too_slow->str() + " would do"};
  return Refusal{describe(tried.shortage, state, image, image.points[tried.point]),
                 remedy_for(state, image, options)};
}

Image bound(Image image, const Admission& admission) {
  const std::vector<TileContract> contracts = moved(image.contracts, image.binding, admission.binding);
  image.binding = admission.binding;
  image.promises = {admission.promise};
  image.contracts.clear();
  image.points.clear();
  if (contracts.empty()) return image;
  Promise contracted = promise_under(image, admission.promise, contracts);
  if (contracted.period >= admission.promise.period) return image;
  image.promises.push_back(std::move(contracted));
  image.contracts = contracts;
  return image;
}

void expect_sound(const Image& bound, const std::string& source) {
  Problems problems;
  for (const std::string& fault : check(bound)) problems.add(fault);
  if (problems.empty())
    for (const Promise& promise : bound.promises)
      for (const std::string& fault : verify(bound, promise, bound.contracts)) problems.add(fault);
  problems.throw_if_any(
      source + ": damaged operating points, of which nothing is promised; compile the network again");
}

Resident resident_of(const std::string& name, const Image& image, const Admission& admission,
                     std::string digest) {
  Promise promise = admission.promise;
  promise.latest_starts.clear();  // the bound image keeps it
  return {name, admission.binding, std::move(promise),
          "point " + std::to_string(admission.point) + " (" + print(image.points.at(admission.point)) + ")",
          std::move(digest)};
}

std::string print(const OperatingPoint& point) {
  return std::to_string(point.tiles()) + (point.tiles() == 1 ? " tile, " : " tiles, ") +
         std::to_string(point.slots()) + " slots, a step every " + point.period.str() + " cycles";
}

}  // namespace spikeloom
