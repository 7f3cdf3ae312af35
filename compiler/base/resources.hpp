// Where what is needed at run time lies: the interface is public.
#pragma once

#include <spikeloom/resources.hpp>
