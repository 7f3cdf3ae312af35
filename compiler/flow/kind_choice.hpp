// Which kind of tile each population goes to, by what is promised then.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/flow/compile.hpp"

namespace spikeloom {

struct ChosenKinds {
  std::map<std::string, std::string> kinds;  ///< by population, those that the user names among them
  /// What to ask for so that the same image is built again: fewer are named where the partitioner goes to
  /// those kinds by itself, with clusters that it would not try for kinds that are named.
  std::map<std::string, std::string> named;
  std::vector<std::string> notes;  ///< why, a sentence a population
};

/// The image under those options, without a search where that takes long; or why there is none.
using BuildWith = std::function<std::variant<Image, DoesNotFit>(const CompileOptions&)>;

/// Kinds with which the promise that `options.kind_choice` names has a short period. Nothing where there is
/// no choice: one kind of tile, KindChoice::kFirst, or nothing that fits.
///
/// Method  Built is what the partitioner would choose, then everything on one kind where that holds it, for
///         each kind; the best of these is improved a population at a time, while any other kind of tile
///         makes the period shorter.
/// Cost    a build for each of these: populations × kinds a round.
[[nodiscard]] std::optional<ChosenKinds> choose_kinds(const Chip& chip, const CompileOptions& options,
                                                      const BuildWith& build);

}  // namespace spikeloom
