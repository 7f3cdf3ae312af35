// Walks every field of an image and changes one of them. A field that is added to compiler/image/fields.hpp,
// or to a memory's words in a core's core.toml, is forged without a word here.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/image/fields.hpp"
#include "compiler/image/image.hpp"
#include "spikeloom_memory_fields.hpp"

namespace spikeloom::testing {

/// Each way to change each value is a site. Sites are numbered in the order of the walk; those of one field
/// and one kind of change have one name, such as "promises.offset -1".
class Forger {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Names by site; the image stays as it is.
  static std::vector<std::string> sites(Image& image) {
    Forger forger(kNone);
    forger.walk(image);
    return std::move(forger.names_);
  }
  /// Changes the image at this site.
  static void forge(Image& image, std::size_t site) {
    Forger forger(site);
    forger.walk(image);
  }

  /// Called by the field lists.
  template <class... T>
  void operator()(const image_fields::Field<T>&... members) {
    (member(members.name, members.value), ...);
  }

 private:
  explicit Forger(std::size_t target) : target_(target) {}

  void walk(Image& image) {
    for (const Cluster& cluster : image.application.clusters) {
      if (cluster.kind >= image.chip.kinds()) continue;
      const Core& core = core_of(cluster);
      const std::vector<MemoryWindow> windows = core.windows(image.chip.kind(cluster.kind));
      for (std::size_t w = 0; w < std::min(windows.size(), cluster.tables.windows.size()); ++w)
        for (const hw::MemoryFields& memory : hw::kMemoryFields)
          if (memory.core == core.name() && memory.memory == windows[w].number)
            words_[&cluster.tables.windows[w]] = &memory;
    }
    image_fields::fields(*this, image);
  }

  template <class T>
  void member(std::string_view name, T& value) {
    const std::string outer = path_;
    path_ += (path_.empty() ? "" : ".") + std::string(name);
    item(value);
    path_ = outer;
  }

  /// Whether the change `how` of the value at hand is the one that is wanted.
  bool is_wanted(const std::string& how) {
    if (target_ == kNone) names_.push_back(path_ + " " + how);
    return next_++ == target_;
  }

  template <class T>
  void item(T& value) {
    if constexpr (std::same_as<T, bool>) {
      if (is_wanted("flipped")) value = !value;
    } else if constexpr (std::same_as<T, PromiseKind>) {
      const PromiseKind genuine = value;
      for (const PromiseKind other :
           {PromiseKind::kGuaranteed, PromiseKind::kSampled, PromiseKind::kContracted})
        if (other != genuine && is_wanted("as " + std::string(name_of(other)))) value = other;
    } else if constexpr (std::is_enum_v<T>) {
      if (is_wanted("other")) value = static_cast<T>(1 - static_cast<int>(value));
    } else if constexpr (std::integral<T>) {
      integer(value);
    } else if constexpr (std::same_as<T, double>) {
      if (is_wanted("doubled")) value = 2 * value + 1;
    } else {
      image_fields::fields(*this, value);
    }
  }
  template <std::integral T>
  void integer(T& value) {
    using Bits = std::make_unsigned_t<T>;
    const auto add = [&](Bits more) { value = static_cast<T>(static_cast<Bits>(value) + more); };
    if (is_wanted("+1")) add(1);
    if (is_wanted("-1")) add(static_cast<Bits>(-1));
    if (is_wanted("halved")) value = static_cast<T>(value / 2);
    if (is_wanted("largest")) value = std::numeric_limits<T>::max();
  }
  template <class Tag>
  void item(Id<Tag>& id) {
    item(id.value);
  }
  void item(Ratio& ratio) {
    if (is_wanted("less")) ratio = ratio * Ratio(1023, 1024);
    if (is_wanted("more")) ratio = ratio * Ratio(1025, 1024);
    if (is_wanted("1")) ratio = Ratio(1);
  }
  void item(std::string& text) {
    if (is_wanted("longer")) text += "x";
    if (is_wanted("empty")) text.clear();
  }
  template <class T>
  void item(std::optional<T>& value) {
    if (is_wanted("toggled")) {
      if (value)
        value.reset();
      else
        value.emplace();
      return;
    }
    if (value) item(*value);
  }
  template <class A, class B>
  void item(std::pair<A, B>& value) {
    item(value.first);
    item(value.second);
  }
  template <class T>
  void item(std::vector<T>& items) {
    if (is_wanted("cut") && !items.empty()) items.pop_back();
    if (is_wanted("grown")) items.push_back(items.empty() ? T{} : items.back());
    if (is_wanted("swapped") && items.size() > 1) std::swap(items.front(), items.back());
    elements(items);
  }
  template <class T, std::size_t N>
  void item(std::array<T, N>& items) {
    elements(items);
  }
  template <class List>
  void elements(List& items) {
    const std::string outer = path_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      // What a memory's words mean depends on the window.
      if constexpr (std::same_as<typename List::value_type, MemoryTable>)
        path_ = outer + "[" + std::to_string(i) + "]";
      item(items[i]);
    }
    path_ = outer;
  }
  void item(MemoryTable& table) {
    const std::uint32_t said = std::max(1U, table.parts);  // before it is forged
    member("parts", table.parts);
    const std::string outer = std::exchange(path_, path_ + ".words");
    const auto known = words_.find(&table);
    const std::uint32_t parts = known == words_.end() ? said : known->second->parts;
    std::vector<std::uint32_t> named(parts, 0);  // bits of fields
    if (known != words_.end()) {
      for (const hw::Field& field : known->second->fields) {
        const std::uint32_t mask = field.width == 32 ? ~0U : (1U << field.width) - 1;
        named[field.low / 32] |= mask << field.low % 32;
        for (std::size_t first = 0; first + parts <= table.words.size(); first += parts)
          bits(table.words[first + field.low / 32], field.low % 32, mask, field.name);
      }
    }
    for (std::size_t i = 0; i < table.words.size(); ++i)
      for (std::uint32_t bit = 0; bit < 32; ++bit)
        if ((named[i % parts] >> bit & 1U) == 0 &&
            is_wanted("part " + std::to_string(i % parts) + " bit " + std::to_string(bit)))
          table.words[i] ^= std::uint32_t{1} << bit;
    path_ = outer;
  }

  void bits(std::uint32_t& word, std::uint32_t low, std::uint32_t mask, std::string_view name) {
    const std::uint32_t value = word >> low & mask;
    const auto become = [&](std::uint32_t other) { word = (word & ~(mask << low)) | (other & mask) << low; };
    const std::string field = std::string(name);
    if (is_wanted(field + " +1")) become(value + 1);
    if (is_wanted(field + " -1")) become(value - 1);
    if (mask == 1) return;
    if (is_wanted(field + " halved")) become(value / 2);
    if (is_wanted(field + " largest")) become(mask);
  }

  std::size_t target_;
  std::size_t next_ = 0;
  std::map<const MemoryTable*, const hw::MemoryFields*> words_;  ///< of the tables whose words have fields
  std::string path_;  ///< of the value at hand, without the places in lists
  std::vector<std::string> names_;
};

}  // namespace spikeloom::testing
