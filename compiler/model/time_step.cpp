#include "compiler/model/time_step.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <tuple>

#include "compiler/model/network_check.hpp"
#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

constexpr double kSameDt = 1e-5;  // parameters are float32: 6e-8 each, several in a quotient
constexpr double kSnapDt = 1e-6;
/// No framework's dt is shorter, so no time constant in seconds is.
constexpr double kShortestTau = 1e-4;
/// From so many time constants in a step on, the equation of the neuron is not what is computed.
constexpr double kFarSteps = 10;

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::abs(b); }

std::string number(double value) {
  std::ostringstream out;
  out.precision(6);
  out << value;
  return out.str();
}

struct Evidence {
  double dt = 0;
  std::string from;  ///< "tau/r of 'lif1'"
};

struct Evidences {
  std::vector<Evidence> list;     ///< every different value, first the first found
  std::vector<Evidence> counted;  ///< tau·(1 - r) where r < 1, as Spyx writes both
  std::vector<Evidence> jumps;    ///< the solution of r = tau/dt·exp(-dt/tau), as Rockpool writes r
  bool any_neuron = false;        ///< whose step depends on dt
  bool incomplete = false;        ///< a node's r or time constants are not all there: a problem already
  bool steps_as_unit = false;     ///< r = 1 and tau >= 1: Sinabs counts time in steps
  double longest = 0;             ///< time constant where r = 1
  std::string doubt;              ///< why a quotient found was not believed
};

void add(std::vector<Evidence>& list, double dt, const std::string& from) {
  if (!std::isfinite(dt) || dt <= 0) return;
  for (const Evidence& known : list) {
    if (near(dt, known.dt, kSameDt)) return;
  }
  list.push_back({dt, from});
}

/// The dt at which r = tau/dt·exp(-dt/tau): by bisection on x = dt/tau, which r falls with.
double jump_step(double tau, double r) {
  double low = 0, high = 1;
  while (std::exp(-high) / high > r && high < 64) high *= 2;
  for (int n = 0; n < 60; ++n) {
    const double x = (low + high) / 2;
    (x > 0 && std::exp(-x) / x < r ? high : low) = x;
  }
  return tau * high;
}

void look_at(const FlatNode& node, Evidences& evidences) {
  if (!node.node->type->neuron->guess) return;  // without memory
  const StepGuess& guess = *node.node->type->neuron->guess;
  if (field(node, guess.r) == nullptr || (!guess.tau.empty() && field(node, guess.tau) == nullptr)) {
    evidences.any_neuron = evidences.incomplete = true;
    return;
  }
  const std::size_t count = node.out ? volume(*node.out) : 1;
  for (const std::string_view name : {guess.r, guess.tau, guess.tau_syn, guess.w_in}) {
    const NirArray* array = name.empty() ? nullptr : field(node, name);
    if (array != nullptr && array->values.size() != 1 && array->values.size() != count)
      evidences.any_neuron = evidences.incomplete = true;
  }
  if (evidences.incomplete) return;
  const Parameter r(node, guess.r);
  if (guess.tau.empty()) {
    evidences.any_neuron = true;
    for (std::size_t i = 0; i < count; ++i)
      add(evidences.list, 1 / r[i], "1/" + std::string(guess.r) + " of " + quote(node.name));
    return;
  }
  const std::string of = " of " + quote(node.name);
  const std::string quotient = std::string(guess.tau) + "/" + std::string(guess.r) + of;
  const Parameter tau(node, guess.tau);
  std::optional<Parameter> tau_syn, w_in;
  if (!guess.tau_syn.empty() && field(node, guess.tau_syn) != nullptr) {
    tau_syn.emplace(node, guess.tau_syn);
    w_in.emplace(node, guess.w_in);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isinf(tau[i])) {  // no decay, whatever dt is
      if (!tau_syn || std::isinf((*tau_syn)[i])) continue;
      evidences.any_neuron = true;
      add(evidences.list, (*tau_syn)[i] / (*w_in)[i], "tau_syn/w_in" + of);
      continue;
    }
    evidences.any_neuron = true;
    if (near(r[i], 1, kSameDt)) {
      evidences.steps_as_unit = evidences.steps_as_unit || tau[i] >= 1;
      evidences.longest = std::max({evidences.longest, tau[i], tau_syn ? (*tau_syn)[i] : 0});
      continue;
    }
    if (r[i] > 0) add(evidences.jumps, jump_step(tau[i], r[i]), "r and tau" + of);
    if (r[i] > 0 && r[i] < 1) {  // tau/r would be longer than tau, so it cannot be a time step
      add(evidences.counted, tau[i] * (1 - r[i]), "tau·(1 - r)" + of);
      continue;
    }
    const double dt = tau[i] / r[i];
    if (tau_syn && !near((*w_in)[i] * dt, (*tau_syn)[i], 1e-4)) {
      if (evidences.doubt.empty()) {
        evidences.doubt =
            quotient + " gives " + number(dt) + ", but w_in·dt/tau_syn is then " +
            number((*w_in)[i] * dt / (*tau_syn)[i]) + " and not 1" +
            (near((*w_in)[i], 1, kSameDt) ? " (Rockpool writes w_in = 1: --framework rockpool)" : "");
      }
      continue;
    }
    add(evidences.list, dt, quotient);
  }
}

std::string metadata_dt(const NirGraph& graph, double* value) {
  const auto found = graph.metadata.find("dt");
  if (found == graph.metadata.end()) return {};
  const auto* array = std::get_if<NirArray>(&found->second);
  if (array == nullptr || array->values.size() != 1) return {};
  *value = array->values.front();
  return "the file's metadata say dt = " + number(*value);
}

/// A float32's rounding taken back where a whole number is meant.
double whole(double dt) {
  const double nearest = std::round(dt);
  return nearest >= 1 && near(dt, nearest, kSameDt) ? nearest : dt;
}

/// Norse up to 1.1 multiplies its time constants by its dt, so they are shorter than any dt that is used.
bool is_norse_times_dt(const Evidences& evidences) {
  return evidences.longest > 0 && evidences.longest < kShortestTau;
}

constexpr const char* kNorseHint =
    "Norse 1.1 writes tau × dt, so that dt becomes its square: 1e-06 for Norse's "
    "0.001, which is --framework norse";

/// A time step, and a text that says whose it is: "0.001, the default of Rockpool".
struct OwnStep {
  double dt;
  std::string why;
};

/// The framework's own way to tell its dt from what it writes; nothing where the parameters contradict it.
std::optional<OwnStep> framework_dt(const FrameworkRow& row, const Evidences& evidences) {
  const auto found = [&](const Evidence& guess) {
    const double dt = whole(guess.dt);
    return OwnStep{dt, number(dt) + " from " + guess.from + ", as " + row.title + " writes it"};
  };
  switch (row.framework) {
    case Framework::kSnnTorch:
    case Framework::kSpikingJelly:
    case Framework::kLava:
      if (evidences.list.size() == 1) return found(evidences.list.front());
      if (evidences.list.size() > 1) return std::nullopt;
      break;
    case Framework::kSpyx:
      if (evidences.counted.size() == 1) return found(evidences.counted.front());
      break;
    case Framework::kRockpool:
      if (evidences.jumps.size() == 1) return found(evidences.jumps.front());
      if (evidences.jumps.size() > 1) return std::nullopt;
      break;
    case Framework::kNorse:
      if (is_norse_times_dt(evidences))
        return OwnStep{row.dt * row.dt, "1e-06: a tau of " + number(evidences.longest) +
                                            " is tau × dt, as Norse 1.1 writes it, and dt is the square of " +
                                            "its default 0.001"};
      break;
    case Framework::kSinabs:
    case Framework::kNengo:
      break;
  }
  return OwnStep{row.dt, number(row.dt) + ", the default of " + row.title};
}

/// Whose file it looks like, where dt is given and the parameters suggest none.
void note_writer(const Evidences& evidences, Notes& notes) {
  if (evidences.steps_as_unit && evidences.counted.empty() && evidences.doubt.empty())
    notes.add(
        "r = 1 and tau of 1 and more looks like time counted in steps, as Sinabs does; it has a reset, a "
        "threshold and a decay of its own: --framework sinabs");
  if (evidences.counted.size() == 1 && evidences.longest == 0)
    notes.add("an r below 1 with one tau·(1 - r), " + number(whole(evidences.counted.front().dt)) +
              ", everywhere looks like Spyx, in which an input counts once and not r·dt/tau times: "
              "--framework spyx");
}

}  // namespace

double choose_dt(const NirGraph& graph, const FlatGraph& flat, const Meaning& meaning, Notes& notes,
                 Problems& problems) {
  Evidences evidences;
  for (const FlatNode& node : flat.nodes) {
    if (node.role == Role::kNeuron) look_at(node, evidences);
  }
  double stated = 0;
  const std::string metadata = metadata_dt(graph, &stated);
  const bool one = evidences.list.size() == 1;
  if (meaning.dt) {
    const double given = *meaning.dt;
    if (!std::isfinite(given) || given <= 0) {
      problems.add("dt: expected a positive number, found " + number(given));
      return 1;
    }
    if (meaning.framework) {
      const auto own = framework_dt(row_of(*meaning.framework), evidences);
      if (own) notes.add("dt = " + number(given) + " is given; without --dt it would be " + own->why);
    }
    if (!one) {
      if (evidences.list.empty() && !meaning.framework) note_writer(evidences, notes);
      return given;
    }
    const Evidence& guess = evidences.list.front();
    if (near(given, guess.dt, kSnapDt)) return guess.dt;
    if (!meaning.framework) {
      notes.add("dt = " + number(given) + " is given; the parameters suggest " + number(guess.dt) + " (" +
                guess.from + ")");
    }
    return given;
  }
  if (!evidences.any_neuron) {
    notes.add("dt = 1: no neuron depends on it");
    return 1;
  }
  if (evidences.incomplete) return 1;
  if (meaning.framework) {
    if (const auto own = framework_dt(row_of(*meaning.framework), evidences)) {
      notes.add("dt = " + own->why + "; --dt overrides it");
      return own->dt;
    }
  } else if (one) {
    const Evidence& guess = evidences.list.front();
    notes.add("dt = " + number(guess.dt) + " guessed from " + guess.from + "; --dt overrides it");
    if (!metadata.empty() && !near(guess.dt, stated, 1e-3)) {
      notes.add("dt: " + metadata + ", the parameters " + number(guess.dt) +
                "; the parameters are used, --dt overrides them");
    }
    return guess.dt;
  } else if (evidences.list.empty() && evidences.counted.size() == 1 && evidences.longest == 0) {
    const double dt = whole(evidences.counted.front().dt);
    notes.add("dt = " + number(dt) + ": " + (dt == 1 ? "tau is counted in steps" : "r is 1 - dt/tau") +
              ", as Spyx writes it (" + evidences.counted.front().from +
              "); in Spyx an input counts once and not r·dt/tau times: --framework spyx");
    return dt;
  }
  const std::vector<Evidence>& rivals = meaning.is(Framework::kRockpool) ? evidences.jumps : evidences.list;
  std::string why;
  if (rivals.size() > 1) {
    why = rivals[0].from + " gives " + number(rivals[0].dt) + ", " + rivals[1].from + " gives " +
          number(rivals[1].dt);
  } else if (!evidences.doubt.empty()) {
    why = evidences.doubt;
  } else if (evidences.longest == 0) {
    why = "an r below 1 fits no time step, and tau·(1 - r), which Spyx writes, is not the same everywhere";
  } else {
    why = "r = 1 says nothing about it";
    if (evidences.steps_as_unit)
      why +=
          " (tau of 1 and more looks like time counted in steps, as Sinabs does: dt = 1, which is "
          "--framework sinabs)";
    if (is_norse_times_dt(evidences))
      why += " (a tau of " + number(evidences.longest) + " is shorter than any usual dt: " + kNorseHint + ")";
  }
  problems.add("dt is not in a NIR file and cannot be guessed: " + why + "; give --dt" +
               (metadata.empty() ? std::string() : "; " + metadata));
  return 1;
}

void note_version(const NirGraph& graph, const Meaning& meaning, Notes& notes) {
  if (meaning.reset_is_given || meaning.framework) return;
  unsigned major = 0, minor = 0, patch = 0;
  if (std::sscanf(graph.version.c_str(), "%u.%u.%u", &major, &minor, &patch) < 2) return;
  if (std::tuple(major, minor, patch) >= std::tuple(1U, 0U, 5U)) return;
  std::vector<std::string> names;
  for (const auto& [name, node] : graph.nodes)
    if (node.type != nullptr && node.type->neuron && node.type->find_field("v_reset") != nullptr &&
        node.field("v_reset") == nullptr)
      names.push_back(quote(name));
  if (names.empty()) return;
  constexpr std::size_t kNamed =
      8;  // a note is read; a network of thousands of populations is one sentence too
  std::string list;
  for (std::size_t n = 0; n < std::min(names.size(), kNamed); ++n) list += (n == 0 ? "" : ", ") + names[n];
  if (names.size() > kNamed) list += " and " + std::to_string(names.size() - kNamed) + " more";
  notes.add("the file is of NIR " + graph.version + ", which had no v_reset and declared that a spike " +
            "takes the threshold from v (--reset subtract); " + list + (names.size() == 1 ? " is" : " are") +
            " reset to 0, as later versions and most backends do");
}

void check_time_constants(const FlatNode& node, Problems& problems) {
  for (const NodeField& listed : node.node->type->fields()) {
    if (listed.rule != NodeField::Rule::kTime) continue;
    const NirArray* array = field(node, listed.name);
    if (array == nullptr) continue;
    for (const double value : array->values) {
      if (value > 0) continue;
      problems.add(node.what() + ": field '" + std::string(listed.name) + "' holds " + number(value) +
                   ", expected a time greater than 0");
      break;
    }
  }
}

namespace {

/// What the framework does, where its exporter writes another gain.
void restore_gains(const Meaning& meaning, const FlatNode& node, Population& population) {
  if (!meaning.framework) return;
  const NeuronKindRow& kind = row_of(population.kind);
  if (kind.is_memoryless) return;
  const auto is_one = [&](std::string_view name, std::size_t i) {
    return node.node->type->find_field(name) != nullptr && near(Parameter(node, name)[i], 1, kSameDt);
  };
  for (std::size_t i = 0; i < population.beta.size(); ++i) {
    switch (*meaning.framework) {
      case Framework::kSpyx:
        population.gain_i[i] = population.gain_v[i] = 1;
        break;
      case Framework::kRockpool:
        if (kind.has_current) population.gain_i[i] = population.alpha[i], population.gain_v[i] = 1;
        break;
      case Framework::kNorse:
        if (kind.has_current && is_one("w_in", i)) population.gain_i[i] = 1;
        if (!kind.leaks && is_one("r", i)) population.gain_v[i] = 1;
        break;
      case Framework::kSinabs:
      case Framework::kNengo:
        if (!kind.leaks && is_one("r", i)) population.gain_v[i] = 1;
        break;
      case Framework::kSnnTorch:
      case Framework::kSpikingJelly:
      case Framework::kLava:
        break;
    }
  }
}

double start_of(const FlatNode& node, Start start, std::size_t i) {
  const NodeType& type = *node.node->type;
  if (start == Start::kReset && type.find_field("v_reset") != nullptr) return Parameter(node, "v_reset")[i];
  if (start != Start::kZero && type.find_field("v_leak") != nullptr) return Parameter(node, "v_leak")[i];
  return 0;
}

/// Fills `start`, and says where another choice would have given another number.
void set_start(const FlatNode& node, Start chosen, Population& population, Notes& notes) {
  const std::size_t count = population.beta.size();
  population.start.assign(count, 0);
  if (row_of(population.kind).is_memoryless) return;
  std::optional<std::size_t> differs;
  std::size_t above = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double start = population.start[i] = start_of(node, chosen, i);
    for (const Start other : {Start::kZero, Start::kRest, Start::kReset}) {
      if (!differs && start_of(node, other, i) != start) differs = i;
    }
    if (!population.is_readout() && start > population.theta[i]) ++above;
  }
  if (differs) {
    notes.add(node.what() + ": " + to_string(chosen) + ", neuron " + std::to_string(*differs) + " at " +
              number(population.start[*differs]) + "; the choice can change " +
              (population.is_readout() ? "what is read out" : "spikes") +
              " (--start zero: 0, rest: " + number(start_of(node, Start::kRest, *differs)) +
              ", reset: " + number(start_of(node, Start::kReset, *differs)) + ")");
  }
  if (above != 0) {
    notes.add(node.what() + ": " + std::to_string(above) + " of " + std::to_string(count) +
              " neurons start above their threshold (" + to_string(chosen) +
              "), so that they may fire at once; another --start may be meant");
  }
}

/// Refuses a step that the integrator cannot do, and says where it is far from the equation.
void judge_step(const FlatNode& node, const StepLength& step, Notes& notes, Problems& problems) {
  const double ratio = step.dt / step.shortest;
  const std::string text = node.what() + ": dt = " + number(step.dt) + " is larger than a time constant (" +
                           number(step.shortest) + ")";
  const std::string hint = step.shortest < kShortestTau ? std::string("; ") + kNorseHint : std::string();
  if (step.integrator == Integrator::kEuler && ratio > 1 + kSnapDt) {
    problems.add(text + ", so forward Euler has no decay; give a smaller --dt" +
                 (hint.empty() ? " or --integrator exact" : hint));
  } else if (step.integrator == Integrator::kExponential && ratio > kFarSteps) {
    problems.add(text + " by far, so that an input would count " + number(ratio) +
                 " times; give a smaller --dt" + (hint.empty() ? " or --integrator exact" : hint));
  } else if (step.integrator == Integrator::kExponential && ratio > 1) {
    notes.add(text + ", so that an input counts more than once; --integrator exact holds it for the step");
  } else if (step.integrator == Integrator::kExact && ratio > kFarSteps) {
    notes.add(text + " by far: nothing is left of a state after a step" + hint);
  }
  if (step.endless) {
    notes.add(node.what() +
              ": an infinite time constant is taken as no decay and, with an infinite r or "
              "w_in, a gain of 1 a step (lava-dl writes decay 0 so, snnTorch beta = 1)");
  }
}

}  // namespace

Population normal_form(const FlatNode& node, double dt, const Meaning& meaning, Notes& notes,
                       Problems& problems) {
  const NeuronForm& neuron = *node.node->type->neuron;
  Population population;
  population.name = node.name;
  population.kind = neuron.kind;
  population.shape = *node.out;
  population.reset = row_of(neuron.kind).is_memoryless ? Reset::kToValue : meaning.reset;
  population.fire = meaning.fire;
  // Spyx's recurrent CuBaLIF subtracts before it decays; its other neurons one step later.
  if (meaning.is(Framework::kSpyx) && !meaning.reset_is_given && row_of(neuron.kind).has_current)
    population.reset = Reset::kSubtract;
  check_time_constants(node, problems);
  StepLength step{dt, meaning.integrator};
  neuron.coefficients(node, step, population);
  restore_gains(meaning, node, population);
  set_start(node, meaning.start, population, notes);
  population.bias.assign(volume(population.shape), 0);
  for (const std::vector<double>* gains : {&population.gain_i, &population.gain_v}) {
    if (std::all_of(gains->begin(), gains->end(), [](double gain) { return std::isfinite(gain); })) continue;
    problems.add(node.what() +
                 ": an infinite r or w_in means a gain of 1 a step only where its time "
                 "constant is infinite too");
  }
  judge_step(node, step, notes, problems);
  return population;
}

}  // namespace spikeloom
