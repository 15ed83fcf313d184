"""Steps of a job: what they inherit, and every mistake with its line."""

import textwrap
from pathlib import Path

import pytest

from spec.errors import SpecErrors
from spec.job import JobSpec
from spec.load import load_stack
from spec.run_length import longest_run_seconds
from spec.step_containers import containers, step_container
from spec.steps import MOST_INLINE

JOB = {"name": "report", "image": "alpine", "memory_mib": 1024, "environment": {"LEVEL": "info", "DAY": "1"}}


def job(*steps: dict, **fields) -> JobSpec:
    return JobSpec.model_validate({**JOB, "steps": steps, **fields})


class TestWhatAStepRuns:
    def test_a_step_is_the_jobs_container_with_its_own_fields(self) -> None:
        spec = job({"name": "list", "command": ["list"], "environment": {"DAY": "2"}, "retries": {"attempts": 2}})
        (container,) = containers(spec)
        assert container.name == "report_list"
        assert container.image == "alpine"
        assert container.memory_mib == 1024
        assert container.command == ("list",)
        assert container.environment == {"LEVEL": "info", "DAY": "2"}
        assert container.retries.attempts == 2

    def test_maps_merge_field_by_field(self) -> None:
        spec = job({"name": "list", "retries": {"interval": "5m"}}, retries={"attempts": 3, "final_exit_codes": (64,)})
        retries = step_container(spec, spec.steps[0]).retries
        assert (retries.attempts, retries.interval_seconds, retries.final_exit_codes) == (3, 300, (64,))

    def test_an_image_replaces_a_build_and_a_build_an_image(self) -> None:
        built = JobSpec.model_validate(
            {**JOB, "image": None, "build": {}, "steps": [{"name": "a", "image": "busybox"}]}
        )
        assert (containers(built)[0].image, containers(built)[0].build) == ("busybox", None)
        pulled = job({"name": "a", "build": {"target": "slim"}})
        assert containers(pulled)[0].image is None
        assert containers(pulled)[0].build is not None

    def test_steps_within_others_and_those_of_failures_have_containers_too(self) -> None:
        sides = {"name": "sides", "parallel": [{"name": "a"}, {"name": "b", "steps": [{"name": "c"}, {"name": "d"}]}]}
        spec = job(sides, {"name": "other", "job": "daily"}, on_failure=[{"name": "clean"}])
        assert [one.name for one in containers(spec)] == ["report_a", "report_c", "report_d", "report_clean"]

    def test_a_job_without_steps_is_its_own_container(self) -> None:
        spec = JobSpec.model_validate(JOB)
        assert containers(spec) == (spec,)


class TestHowManyAtOnce:
    @pytest.mark.parametrize(
        ("for_each", "distributed"),
        [
            (["a"], False),
            ({"items": ["a"], "maxConcurrency": MOST_INLINE}, False),
            ({"items": ["a"], "maxConcurrency": MOST_INLINE + 1}, True),
            ({"items": ["a"], "toleratedFailures": 1}, True),
            ({"items": ["a"], "toleratedFailures": "0%"}, False),
            ({"items": ["a"], "batchSize": 1}, True),
            ({"items": ["a"], "distributed": True}, True),
            ({"objects": {"bucket": "sales"}}, True),
        ],
    )
    def test_what_an_inline_map_cannot_do_is_distributed(self, for_each: object, distributed: bool) -> None:
        many = job({"name": "a", "forEach": for_each}).steps[0].for_each
        assert many is not None
        assert many.is_distributed is distributed

    def test_a_count_may_be_a_number_alone(self) -> None:
        count = JobSpec.model_validate({**JOB, "count": 20}).count
        assert count is not None
        assert (count.tasks, count.max_concurrency, count.tolerated_failures) == (20, 10, 0)


@pytest.fixture
def mistakes(tmp_path: Path):
    """The mistakes of a stack whose job `report` has these lines, beside a job `other` and one that is read too."""

    def of(lines: str, settings: str = "", **others: str) -> list[str]:
        (tmp_path / "jobs" / "report").mkdir(parents=True)
        (tmp_path / "jobs/report/job.yaml").write_text(textwrap.dedent(lines).lstrip("\n"))
        (tmp_path / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
        entries = {"report": "{}", "other": "{image: alpine}", **others}
        jobs = "".join(f"    {name}: {entry}\n" for name, entry in entries.items())
        (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n{settings}  longhaul:jobs:\n{jobs}")
        try:
            load_stack(tmp_path, "dev")
        except SpecErrors as errors:
            return [str(error).removeprefix("jobs/report/") for error in errors.errors]
        return []

    return of


def test_what_is_right_is_taken(mistakes) -> None:
    assert not mistakes(
        """
        image: alpine
        steps:
          - name: list
            results: true
          - name: fetch
            when: "{% $count($list.files) > 0 %}"
            forEach: "{% $list.files %}"
            input: {file: "{% $item %}", number: "{% $index %}", day: "{% $input.day %}"}
            results: true
          - name: sides
            parallel:
              - {name: add, input: "{% $fetch %}", results: true}
              - name: two
                steps:
                  - {name: first, results: true}
                  - {name: second, input: "{% $first.x & $list.y %}"}
          - {name: tell, input: "{% {'sum': $add.sum, 'all': $map($fetch, function($x) { $x.n })} %}"}
        onFailure:
          - {name: clean, input: {why: "{% $failure.error %}"}}
        """
    )


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- {name: List}", "expected a step's name of up to 32 lower-case letters, digits and underscores"),
        ("- {name: sum}", 'name: expected another name, found "sum": $sum is a function of JSONata'),
        ("- {name: input}", 'name: expected another name, found "input": $input is taken'),
        ("- {name: a, cpus: 1}", 'cpus: expected a known key, found "cpus": did you mean "cpu"?'),
        ("- {name: a, memory: 999}", "memory: expected memory of a Fargate size"),
        ("- {name: a, cpu: 4096}", "cpu: expected memory of 8192 to 30720 MiB"),
        ("- {name: a, job: other, parallel: [{name: b}]}", "expected one of job, parallel and steps, found job too"),
        ("- {name: a, job: other, cpu: 512}", "cpu: expected no cpu beside job, found one: it would have no effect"),
        ("- {name: a, parallel: [{name: b}], forEach: [1]}", "forEach: expected no forEach beside parallel"),
        ("- {name: a, steps: [{name: b}]}", "expected steps of steps within parallel only"),
        ("- {name: a, forEach: {maxConcurrency: 5}}", "forEach: expected items or objects, found neither"),
        ("- {name: a, forEach: {items: [1], objects: {bucket: sales}}}", "expected items or objects, found both"),
        ("- {name: a, forEach: word}", "expected a list, or a JSONata expression that gives one"),
        ("- {name: a, forEach: {items: [1], toleratedFailures: 101%}}", "expected a whole number, or a percentage"),
        ('- {name: a, when: "$input.x"}', "without {% and %} around it"),
        ('- {name: a, when: "{% $count( %}"}', "when: expected a JSONata expression such as"),
        ('- {name: a, input: {x: "{% files %}"}}', 'input.x: expected a JSONata expression, found the name "files"'),
        ('- {name: a, input: "{% $states.input.x %}"}', "only $states.context may be read"),
        ('- {name: a, input: "day {% $input.day %}"}', "expected {% ... %} as the whole text"),
        (
            '- {name: a, when: "{% $input.x ?? 1 %}"}',
            "found the operator ??, which Step Functions' JSONata (2.0.6) has not",
        ),
        ('- {name: a, when: "{% $input.x ?: 1 %}"}', "found the operator ?:"),
        ('- {name: a, when: "{% !$input.x %}"}', "one that is not JSONata"),
        ('- {name: a, when: "{% $lookup($states, 1) %}"}', "$states as a whole"),
        ('- {name: a, when: "{% $input.x[$$.y] %}"}', "$$ as a whole"),
        ('- {name: a, when: "{% $eval($input.x) %}"}', "found $eval"),
        ('- {name: "true"}', 'expected another name, found "true"'),
        ('- {name: a, command: ["{% $input.x %}"]}', "command[0]: expected text, found an expression"),
        ('- {name: a, environment: {DAY: "{% $input.x %}"}}', "environment.DAY: expected text, found an expression"),
        ("- {name: a, job: other, forEach: [1, 2]}", "expected maxConcurrency: 1, or overlap: queue or allow of other"),
        (
            "- {name: a, parallel: [{name: b, job: other}, {name: c, steps: [{name: d, job: other}]}]}",
            "parallel[1].steps[0].job: expected one of the parallel steps to run other, found two",
        ),
        ('- {name: a, input: "{% $lst %}"}', "expected $input or the result of a step before it, found $lst"),
        ('- {name: a, input: "{% $item %}"}', "found $item, which only the input of a step with forEach has"),
        ('- {name: a, input: "{% $failure %}"}', "found $failure, which only onFailure has"),
        ('- {name: a, results: true, input: "{% $a %}"}', "found $a, whose result cannot be there yet"),
        (
            "- {name: a, job: othr}",
            'job: expected a job of this stack, found "othr", which is none: did you mean "other"',
        ),
        ("- {name: a, job: report}", "expected a job that does not run report itself, found report -> report"),
    ],
)
def test_a_mistake_has_its_line(mistakes, steps: str, expected: str) -> None:
    (found,) = mistakes(f"image: alpine\nsteps:\n  - {{name: before}}\n  {steps}\n")
    assert found.startswith("job.yaml:4 steps[1]")
    assert expected in found


def test_a_result_must_be_left_before_it_is_read(mistakes) -> None:
    assert mistakes(
        """
        image: alpine
        steps:
          - name: sides
            parallel:
              - {name: a, results: true, input: "{% $b %}"}
              - {name: b, results: true}
          - {name: silent}
          - {name: c, input: "{% $silent.x %}"}
          - {name: other_one, job: other}
          - {name: e, input: "{% $other_one.x %}"}
        onFailure:
          - {name: f, input: "{% $a %}"}
        """
    ) == [
        "job.yaml:5 steps[0].parallel[0].input: expected $input or the result of a step before it, found $b, whose "
        "result cannot be there yet",
        "job.yaml:8 steps[2].input: expected $input or the result of a step before it, found $silent, a step without "
        "results: true",
        "job.yaml:10 steps[4].input: expected the result of a step, found $other_one: the job other has no "
        "results: true",
        "job.yaml:12 onFailure[0].input: expected $input or the result of a step before it, found $a: a step that may "
        "not have run, for which of them failed is not known",
    ]


def test_all_mistakes_are_found_at_once(mistakes) -> None:
    found = mistakes(
        """
        image: alpine
        count: 3
        steps:
          - {name: a, memory: 999}
          - {name: a}
          - {name: b, input: "{% $nothing %}"}
        """
    )
    assert [line.partition(":")[2].partition(" ")[0] for line in found] == ["2", "4", "5", "6"]


def test_jobs_do_not_run_each_other_in_a_circle(mistakes) -> None:
    found = mistakes(
        "image: alpine\nsteps: [{name: a, job: second}]\n", second="{image: alpine, steps: [{name: b, job: report}]}"
    )
    assert any("found report -> second -> report" in line for line in found)


def test_what_runs_after_a_failure_needs_steps(mistakes) -> None:
    (found,) = mistakes("image: alpine\nonFailure: [{name: clean}]\n")
    assert "onFailure: expected steps beside it, found none" in found


def test_a_steps_name_is_part_of_the_names_of_its_roles(mistakes) -> None:
    # 64 for a role: longhaul-dev-report_, -states, and the eight characters that Pulumi adds.
    (found,) = mistakes(f"image: alpine\nsteps: [{{name: {'a' * 30}}}]\n")
    assert "steps[0].name: expected at most 49 characters in longhaul-dev-report_aaa" in found


def test_a_machine_has_room_for_so_many_steps(mistakes) -> None:
    steps = "".join(f"  - {{name: step{number}}}\n" for number in range(41))
    (found,) = mistakes(f"image: alpine\nsteps:\n{steps}")
    assert found.startswith("job.yaml:2 steps: expected at most 40 steps with a container")


def test_isolated_subnets_reach_no_other_registry_for_a_step_either(mistakes) -> None:
    isolated = "  longhaul:network: {endpoints: []}\n"
    found = mistakes("image: 1.dkr.ecr.eu-west-1.amazonaws.com/a\nsteps: [{name: a, image: alpine}]\n", isolated)
    assert any("steps[0].image: expected an image in ECR" in line for line in found)


def test_steps_with_images_need_no_dockerfile(mistakes) -> None:
    assert not mistakes("steps: [{name: a, image: alpine}]\n")


def test_a_step_that_is_built_needs_its_files_once(mistakes) -> None:
    found = mistakes("steps: [{name: a}, {name: b}, {name: c, build: {dockerfile: C}}]\n")
    assert len(found) == 2
    assert "expected the file jobs/report/Dockerfile, or an image in its place" in found[0]
    assert "steps[2].build.dockerfile: expected the file jobs/report/C" in found[1]


def test_a_run_takes_as_long_as_its_steps_one_after_the_other() -> None:
    steps = [
        {"name": "a", "timeout": "1h"},
        {"name": "b", "parallel": [{"name": "c", "timeout": "2h"}, {"name": "d", "timeout": "3h"}]},
        {"name": "e", "job": "other"},
    ]
    assert longest_run_seconds(job(*steps)) == 4 * 3600


def test_steps_that_outlast_an_execution(mistakes) -> None:
    (found,) = mistakes("image: alpine\ntimeout: 20d\nsteps: [{name: a}, {name: b}]\n")
    assert found.startswith("job.yaml:3 steps: expected all steps of a run to end within the 365d of an execution")


def test_what_a_step_takes_the_ground_from_is_not_inherited() -> None:
    spot = {"spot": True, "on_demand_after": 2}
    spec = job({"name": "a", "capacity": {"spot": False}, "retries": {"attempts": 0}}, capacity=spot,
               retries={"attempts": 1, "on_timeout": True})  # fmt: skip
    (container,) = containers(spec)
    assert container.capacity.on_demand_after is None
    assert not container.retries.on_timeout
    assert containers(job({"name": "a"}, capacity=spot))[0].capacity.on_demand_after == 2


@pytest.mark.parametrize("overlap", ["queue", "skip"])
def test_no_run_waits_for_one_of_its_own_group(mistakes, overlap: str) -> None:
    grouped = f"overlap: {{policy: {overlap}, group: nights}}"
    found = mistakes(
        f"image: alpine\n{grouped}\nsteps: [{{name: a, job: between}}]\n",
        between="{image: alpine, steps: [{name: b, job: last}]}",
        last=f"{{image: alpine, {grouped}}}",
    )
    assert found == [
        'job.yaml:3 steps[0].job: expected a job outside of report\'s own overlap group, found "last" in it: it would '
        "wait for the run that waits for it"
    ]


def test_a_job_that_starts_another_is_not_run_by_it(mistakes) -> None:
    (found,) = mistakes("image: alpine\nstartedBy: {jobs: [other]}\nsteps: [{name: a, job: other}]\n")
    assert "expected jobs that do not start each other without end, found other -> report -> other" in found


@pytest.mark.parametrize("many", ["count: 1901", f"steps: [{{name: a, forEach: [{'1, ' * 1901}]}}]"])
def test_what_does_not_fit_into_a_history_is_said_to_be_distributed(mistakes, many: str) -> None:
    (found,) = mistakes(f"image: alpine\n{many}\n")
    assert "expected distributed: true beside more than 1,900 items, found 1,901" in found


def test_a_long_input_goes_through_s3_with_steps_only(mistakes) -> None:
    assert not mistakes(f"image: alpine\ninput: {'x' * 9000}\nsteps: [{{name: a}}]\n")


def test_steps_after_a_failure_read_no_results_of_each_other(mistakes) -> None:
    lines = "image: alpine\nsteps: [{name: a}]\nonFailure:\n  - {name: b, results: true}\n"
    (found,) = mistakes(f'{lines}  - {{name: c, input: "{{% $b %}}"}}\n')
    assert "found $b: a step that may not have run" in found
