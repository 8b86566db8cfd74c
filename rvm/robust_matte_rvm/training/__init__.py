"""Training the network: data sets, losses, and runs that go on where they were stopped.

Needs the extra `train`, and no run-time module needs it.

    from robust_matte_rvm.training.config_file import read_config
    from robust_matte_rvm.training.run import Run

    Run(read_config(Path("finetune.toml")), Path("finetune")).train()
"""
