"""What counters have grown by."""


def increase(series: str, span: str) -> str:
    """What a counter has grown by, its first value included where its process was there before the series was."""
    return (
        f"(({series} unless {series} offset {span}) and on (job, instance) (up offset {span} == 1)\n"
        f"or increase({series}[{span}]))"
    )
