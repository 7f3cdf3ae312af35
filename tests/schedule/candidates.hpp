// Candidates of images, and images of candidates: a test has the one where a stage takes the other.
#pragma once

#include <memory>

#include "compiler/schedule/candidate.hpp"

namespace spikeloom::test {

/// Copies the application.
inline Candidate candidate_of(const Image& image) {
  auto made = spikeloom::candidate_of(std::make_shared<const Application>(image.application), image.binding,
                                      image.chip);
  return std::get<Candidate>(std::move(made));
}

/// Of an image of that application: with the candidate's binding and promise, and no contracts.
inline Image image_of(const Candidate& candidate, const Chip& chip) {
  Image image;
  image.chip = chip;
  image.application = *candidate.application;
  image.binding = candidate.binding;
  image.promises = {candidate.promise};
  return image;
}

}  // namespace spikeloom::test
