// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// The market: the price rule, and the allocation rule from demand to resources for rounds that nobody sent a
/// certificate for. Functions of numbers alone; the ledger bounds what comes back.
contract Market {
    uint256 private constant GOAL = 700_000; // of the use, in millionths
    int64 private constant NONE = type(int64).max; // a pair that cannot be
    uint256 public constant WAIT = type(uint256).max;

    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    /// lambda + lambda * (use - 0.7) / (8 * 0.7), a step within 1/8, lambda within 0.25 to 4; millionths.
    /// units: MFLOP paid in the epoch of `ms`, capacity: MFLOP/s of all nodes.
    function price(uint64 lambda, uint64 units, uint64 capacity, uint64 ms) public pure returns (uint64) {
        uint256 could = uint256(capacity) * ms;
        uint256 use = could == 0 ? 0 : least((uint256(units) * 1000 * 10 ** 6) / could, 2 * 10 ** 6);
        uint256 most = lambda / 8;
        uint256 next = use >= GOAL
            ? lambda + least(most, (lambda * (use - GOAL)) / (8 * GOAL))
            : lambda - least(most, (lambda * (GOAL - use)) / (8 * GOAL));
        if (next < 250_000) next = 250_000;
        return uint64(least(next, 4_000_000));
    }

    /// A row's cheapest column that is not taken (bit j) and is dearer to wait for than to have; WAIT: none.
    function allot(int64 wait, uint256 taken, int64[] calldata costs) public pure returns (uint256 best) {
        int64 cost = wait;
        best = WAIT;
        for (uint256 j = 0; j < costs.length && j < 256; j++) {
            int64 c = costs[j];
            if (c < cost && c != NONE && taken & (1 << j) == 0) {
                cost = c;
                best = j;
            }
        }
    }
}

/// What holds of it, for `ogpu-contract prove`.
contract MarketCheck is Market {
    function check_price(uint64 lambda, uint64 units, uint64 capacity, uint64 ms) external pure {
        if (lambda < 250_000 || lambda > 4_000_000) return;
        uint256 next = price(lambda, units, capacity, ms);
        assert(next >= 250_000 && next <= 4_000_000);
        assert(next <= uint256(lambda) + lambda / 8);
        assert(next + lambda / 8 >= lambda);
    }

    function check_allot(int64 wait, uint256 taken, int64 a, int64 b) external view {
        int64[] memory costs = new int64[](2);
        costs[0] = a;
        costs[1] = b;
        uint256 j = this.allot(wait, taken, costs);
        assert(j == WAIT || (j < 2 && taken & (1 << j) == 0 && costs[j] < wait));
    }
}
