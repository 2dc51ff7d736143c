from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
LIST: Arity
MAP: Arity
ONE: Arity
OPTIONAL: Arity

class CheckRequest(_message.Message):
    __slots__ = ["kind", "params", "sampler", "variant"]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    params: str
    sampler: str
    variant: VariantName
    def __init__(self, sampler: _Optional[str] = ..., kind: _Optional[str] = ..., variant: _Optional[_Union[VariantName, _Mapping]] = ..., params: _Optional[str] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ["refusal"]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    refusal: Failure
    def __init__(self, refusal: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Description(_message.Message):
    __slots__ = ["kinds", "samplers", "variants"]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    SAMPLERS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedCompositeFieldContainer[Kind]
    samplers: _containers.RepeatedCompositeFieldContainer[Sampler]
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    def __init__(self, samplers: _Optional[_Iterable[_Union[Sampler, _Mapping]]] = ..., kinds: _Optional[_Iterable[_Union[Kind, _Mapping]]] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ...) -> None: ...

class Draw(_message.Message):
    __slots__ = ["batch_size", "draws", "pool", "sampler", "seed", "steps"]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    draws: str
    pool: str
    sampler: str
    seed: int
    steps: int
    def __init__(self, sampler: _Optional[str] = ..., pool: _Optional[str] = ..., draws: _Optional[str] = ..., steps: _Optional[int] = ..., batch_size: _Optional[int] = ..., seed: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ["determinism", "failure", "heartbeat", "progress"]
    DETERMINISM_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    determinism: str
    failure: Failure
    heartbeat: Heartbeat
    progress: Progress
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., determinism: _Optional[str] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ["hint", "input", "message", "param"]
    HINT_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    hint: str
    input: bool
    message: str
    param: str
    def __init__(self, message: _Optional[str] = ..., param: _Optional[str] = ..., hint: _Optional[str] = ..., input: bool = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Input(_message.Message):
    __slots__ = ["name", "path", "port"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    port: str
    def __init__(self, port: _Optional[str] = ..., name: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class Kind(_message.Message):
    __slots__ = ["doc", "inputs", "name", "outputs", "params", "version"]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    doc: str
    inputs: _containers.RepeatedCompositeFieldContainer[Port]
    name: str
    outputs: _containers.RepeatedCompositeFieldContainer[Port]
    params: _containers.RepeatedCompositeFieldContainer[Param]
    version: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., doc: _Optional[str] = ..., params: _Optional[_Iterable[_Union[Param, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., **kwargs) -> None: ...

class Param(_message.Message):
    __slots__ = ["default", "doc", "name", "type"]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    default: str
    doc: str
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., default: _Optional[str] = ..., doc: _Optional[str] = ...) -> None: ...

class Port(_message.Message):
    __slots__ = ["arity", "dir", "doc", "name"]
    ARITY_FIELD_NUMBER: _ClassVar[int]
    DIR_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    arity: Arity
    dir: bool
    doc: str
    name: str
    def __init__(self, name: _Optional[str] = ..., arity: _Optional[_Union[Arity, str]] = ..., dir: bool = ..., doc: _Optional[str] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ["done", "note", "total", "unit"]
    DONE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    done: int
    note: str
    total: int
    unit: str
    def __init__(self, done: _Optional[int] = ..., total: _Optional[int] = ..., unit: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ["dir", "draw", "gpus", "inputs", "params", "threads", "work"]
    DIR_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    dir: str
    draw: Draw
    gpus: _containers.RepeatedScalarFieldContainer[str]
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    params: str
    threads: int
    work: Work
    def __init__(self, draw: _Optional[_Union[Draw, _Mapping]] = ..., work: _Optional[_Union[Work, _Mapping]] = ..., params: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., dir: _Optional[str] = ..., threads: _Optional[int] = ..., gpus: _Optional[_Iterable[str]] = ...) -> None: ...

class Sampler(_message.Message):
    __slots__ = ["doc", "inputs", "name", "params"]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    doc: str
    inputs: _containers.RepeatedCompositeFieldContainer[Port]
    name: str
    params: _containers.RepeatedCompositeFieldContainer[Param]
    def __init__(self, name: _Optional[str] = ..., doc: _Optional[str] = ..., params: _Optional[_Iterable[_Union[Param, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., **kwargs) -> None: ...

class Variant(_message.Message):
    __slots__ = ["doc", "inputs", "kind", "name", "params"]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    doc: str
    inputs: _containers.RepeatedCompositeFieldContainer[Port]
    kind: str
    name: str
    params: _containers.RepeatedCompositeFieldContainer[Param]
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., doc: _Optional[str] = ..., params: _Optional[_Iterable[_Union[Param, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., **kwargs) -> None: ...

class VariantName(_message.Message):
    __slots__ = ["kind", "name"]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Work(_message.Message):
    __slots__ = ["checkpoint", "kind", "outputs", "variant"]
    class OutputsEntry(_message.Message):
        __slots__ = ["key", "value"]
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    kind: str
    outputs: _containers.ScalarMap[str, str]
    variant: str
    def __init__(self, kind: _Optional[str] = ..., outputs: _Optional[_Mapping[str, str]] = ..., variant: _Optional[str] = ..., checkpoint: _Optional[str] = ...) -> None: ...

class Arity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
