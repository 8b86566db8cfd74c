"""What a job is: one frozen, validated document that flags, API calls and hosts all write."""
