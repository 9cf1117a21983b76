// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// The steps of both rules.
contract MarketRules {
    int64 internal constant NONE = type(int64).max; // a pair that cannot be

    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function moved(uint64 lambda, bool up, uint256 by) internal pure returns (uint64) {
        unchecked {
            // a step is at most an eighth of lambda
            uint256 step = least(by, lambda / 8);
            uint256 next = up ? lambda + step : lambda - step;
            if (next < 250_000) next = 250_000;
            return uint64(least(next, 4_000_000));
        }
    }

    function better(int64 c, int64 cost, uint256 taken, uint256 j) internal pure returns (bool) {
        return c < cost && c != NONE && taken & (1 << j) == 0;
    }
}

/// The market: the price rule, and the allocation rule from demand to resources for rounds that nobody sent a
/// certificate for. Functions of numbers alone; the ledger bounds what comes back.
contract Market is MarketRules {
    uint256 private constant GOAL = 700_000; // of the use, in millionths
    uint256 public constant WAIT = type(uint256).max;

    /// lambda + lambda * (use - 0.7) / (8 * 0.7), a step within 1/8, lambda within 0.25 to 4; millionths.
    /// units: MFLOP paid in the epoch of `ms`, capacity: MFLOP/s of all nodes.
    function price(uint64 lambda, uint64 units, uint64 capacity, uint64 ms) public pure returns (uint64) {
        unchecked {
            // 64 by 64 bits, 64 by 30, 64 by 21
            uint256 could = uint256(capacity) * ms;
            uint256 use = could == 0 ? 0 : least((uint256(units) * 1000 * 10 ** 6) / could, 2 * 10 ** 6);
            return
                use >= GOAL
                    ? moved(lambda, true, (lambda * (use - GOAL)) / (8 * GOAL))
                    : moved(lambda, false, (lambda * (GOAL - use)) / (8 * GOAL));
        }
    }

    /// A row's cheapest column that is not taken (bit j) and is dearer to wait for than to have; WAIT: none.
    function allot(int64 wait, uint256 taken, int64[] calldata costs) public pure returns (uint256 best) {
        int64 cost = wait;
        best = WAIT;
        for (uint256 j = 0; j < costs.length && j < 256; j++) {
            if (better(costs[j], cost, taken, j)) {
                cost = costs[j];
                best = j;
            }
        }
    }
}

/// What holds of it, for `ogpu-contract prove`.
contract MarketCheck is MarketRules {
    function check_price(uint64 lambda, bool up, uint128 by) external pure {
        if (lambda < 250_000 || lambda > 4_000_000) return;
        uint256 next = moved(lambda, up, by);
        assert(next >= 250_000 && next <= 4_000_000);
        assert(next <= uint256(lambda) + lambda / 8);
        assert(next + lambda / 8 >= lambda);
    }

    /// A column that becomes the best is free, can be had, and costs less than what was best, or waiting.
    function check_allot(int64 c, int64 cost, uint256 taken, uint8 j) external pure {
        if (better(c, cost, taken, j)) assert(c < cost && c != NONE && (taken >> j) & 1 == 0);
    }
}
